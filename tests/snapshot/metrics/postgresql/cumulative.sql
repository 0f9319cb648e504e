WITH RECURSIVE periods__steps(n, low, until) AS 
(SELECT 0 AS n, CAST('2026-01-01' AS DATE) AS low, CAST('2026-03-31' AS DATE) AS until UNION ALL SELECT periods__steps.n * 2 + "both".more AS n, periods__steps.low AS low, periods__steps.until AS until 
FROM periods__steps JOIN (SELECT 1 AS more UNION ALL SELECT 2 AS more) AS "both" ON true 
WHERE CAST(periods__steps.low + (periods__steps.n * 2 + "both".more) * 3 * INTERVAL '1 month' AS DATE) <= periods__steps.until), 
periods AS 
(SELECT periods__begin.quarter AS quarter, CASE WHEN (CAST(CAST(periods__begin.quarter + 3 * INTERVAL '1 month' AS DATE) + -1 * INTERVAL '1 day' AS DATE) > periods__begin.until) THEN periods__begin.until ELSE CAST(CAST(periods__begin.quarter + 3 * INTERVAL '1 month' AS DATE) + -1 * INTERVAL '1 day' AS DATE) END AS last_day 
FROM (SELECT CAST(periods__steps.low + periods__steps.n * 3 * INTERVAL '1 month' AS DATE) AS quarter, periods__steps.until AS until 
FROM periods__steps 
WHERE CAST(periods__steps.low + periods__steps.n * 3 * INTERVAL '1 month' AS DATE) <= periods__steps.until) AS periods__begin), 
told AS 
(SELECT numbers_0.quarter AS quarter, numbers_0.month_to_date AS month_to_date, CAST(NULL AS BIGINT) AS buyers_of_week 
FROM (SELECT periods.quarter AS quarter, sum(month_to_date__days.value__) AS month_to_date 
FROM periods JOIN (SELECT CAST(timezone('Europe/Berlin', placed) AS DATE) AS on_day__, sum(amount) AS value__ 
FROM orders 
WHERE placed >= '2025-12-31 23:00:00+00:00' AND placed < '2026-03-31 22:00:00+00:00' GROUP BY CAST(timezone('Europe/Berlin', placed) AS DATE)) AS month_to_date__days ON month_to_date__days.on_day__ <= periods.last_day AND month_to_date__days.on_day__ >= CAST(date_trunc('month', CAST(periods.last_day AS TIMESTAMP WITHOUT TIME ZONE)) AS DATE) GROUP BY periods.quarter) AS numbers_0 UNION ALL SELECT numbers_1.quarter AS quarter, CAST(NULL AS DOUBLE PRECISION) AS month_to_date, numbers_1.buyers_of_week AS buyers_of_week 
FROM (SELECT periods.quarter AS quarter, count(DISTINCT buyers_of_week__days.value__) AS buyers_of_week 
FROM periods JOIN (SELECT DISTINCT CAST(timezone('Europe/Berlin', placed) AS DATE) AS on_day__, customer_id AS value__ 
FROM orders 
WHERE placed >= '2025-12-23 23:00:00+00:00' AND placed < '2026-03-31 22:00:00+00:00') AS buyers_of_week__days ON buyers_of_week__days.on_day__ <= periods.last_day AND buyers_of_week__days.on_day__ >= CAST(CAST(periods.last_day + 1 * INTERVAL '1 day' AS DATE) + -7 * INTERVAL '1 day' AS DATE) GROUP BY periods.quarter) AS numbers_1)
 SELECT found.quarter AS quarter, coalesce(found.month_to_date, 0) AS month_to_date, coalesce(found.buyers_of_week, 0) AS buyers_of_week 
FROM (SELECT stacked.quarter AS quarter, max(stacked.month_to_date) AS month_to_date, max(stacked.buyers_of_week) AS buyers_of_week 
FROM (SELECT told.quarter AS quarter, told.month_to_date AS month_to_date, told.buyers_of_week AS buyers_of_week 
FROM told UNION ALL SELECT periods.quarter AS quarter, CAST(NULL AS DOUBLE PRECISION) AS month_to_date, CAST(NULL AS BIGINT) AS buyers_of_week 
FROM periods) AS stacked GROUP BY stacked.quarter) AS found ORDER BY CASE WHEN (found.quarter IS NULL) THEN 1 ELSE 0 END, found.quarter
