WITH periods__steps AS 
(SELECT explode(sequence(periods__ends.low, periods__ends.until, INTERVAL '3' month)) AS quarter, periods__ends.until AS until 
FROM (SELECT 0 AS n, CAST('2026-01-01' AS DATE) AS low, CAST('2026-03-31' AS DATE) AS until) AS periods__ends 
WHERE periods__ends.low <= periods__ends.until), 
periods AS 
(SELECT periods__steps.quarter AS quarter, CASE WHEN (date_add(add_months(periods__steps.quarter, 3), -1) > periods__steps.until) THEN periods__steps.until ELSE date_add(add_months(periods__steps.quarter, 3), -1) END AS last_day 
FROM periods__steps), 
told AS 
(SELECT numbers_0.quarter AS quarter, numbers_0.month_to_date AS month_to_date, CAST(NULL AS BIGINT) AS buyers_of_week 
FROM (SELECT periods.quarter AS quarter, sum(month_to_date__days.value__) AS month_to_date 
FROM periods JOIN (SELECT CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS DATE) AS on_day__, sum(amount) AS value__ 
FROM orders 
WHERE placed >= '2025-12-31 23:00:00' AND placed < '2026-03-31 22:00:00' GROUP BY CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS DATE)) AS month_to_date__days ON month_to_date__days.on_day__ <= periods.last_day AND month_to_date__days.on_day__ >= CAST(date_trunc('month', CAST(periods.last_day AS TIMESTAMP)) AS DATE) GROUP BY periods.quarter) AS numbers_0 UNION ALL SELECT numbers_1.quarter AS quarter, CAST(NULL AS DOUBLE) AS month_to_date, numbers_1.buyers_of_week AS buyers_of_week 
FROM (SELECT periods.quarter AS quarter, count(DISTINCT buyers_of_week__days.value__) AS buyers_of_week 
FROM periods JOIN (SELECT DISTINCT CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS DATE) AS on_day__, customer_id AS value__ 
FROM orders 
WHERE placed >= '2025-12-23 23:00:00' AND placed < '2026-03-31 22:00:00') AS buyers_of_week__days ON buyers_of_week__days.on_day__ <= periods.last_day AND buyers_of_week__days.on_day__ >= date_add(date_add(periods.last_day, 1), -7) GROUP BY periods.quarter) AS numbers_1)
 SELECT found.quarter AS quarter, coalesce(found.month_to_date, 0) AS month_to_date, coalesce(found.buyers_of_week, 0) AS buyers_of_week 
FROM (SELECT stacked.quarter AS quarter, max(stacked.month_to_date) AS month_to_date, max(stacked.buyers_of_week) AS buyers_of_week 
FROM (SELECT told.quarter AS quarter, told.month_to_date AS month_to_date, told.buyers_of_week AS buyers_of_week 
FROM told UNION ALL SELECT periods.quarter AS quarter, CAST(NULL AS DOUBLE) AS month_to_date, CAST(NULL AS BIGINT) AS buyers_of_week 
FROM periods) AS stacked GROUP BY stacked.quarter) AS found ORDER BY CASE WHEN (found.quarter IS NULL) THEN 1 ELSE 0 END, found.quarter
