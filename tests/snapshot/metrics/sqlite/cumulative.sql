WITH RECURSIVE periods__steps(n, low, until) AS 
(SELECT 0 AS n, '2026-01-01' AS low, '2026-03-31' AS until UNION ALL SELECT periods__steps.n * 2 + both.more AS n, periods__steps.low AS low, periods__steps.until AS until 
FROM periods__steps JOIN (SELECT 1 AS more UNION ALL SELECT 2 AS more) AS both ON 1 = 1 
WHERE min(date(periods__steps.low, CAST((periods__steps.n * 2 + both.more) * 3 AS INTEGER) || ' months'), date(periods__steps.low, 'start of month', (CAST((periods__steps.n * 2 + both.more) * 3 AS INTEGER) + 1) || ' months', '-1 day')) <= periods__steps.until), 
periods AS 
(SELECT periods__begin.quarter AS quarter, CASE WHEN (date(min(date(periods__begin.quarter, 3 || ' months'), date(periods__begin.quarter, 'start of month', (3 + 1) || ' months', '-1 day')), -1 || ' days') > periods__begin.until) THEN periods__begin.until ELSE date(min(date(periods__begin.quarter, 3 || ' months'), date(periods__begin.quarter, 'start of month', (3 + 1) || ' months', '-1 day')), -1 || ' days') END AS last_day 
FROM (SELECT min(date(periods__steps.low, CAST(periods__steps.n * 3 AS INTEGER) || ' months'), date(periods__steps.low, 'start of month', (CAST(periods__steps.n * 3 AS INTEGER) + 1) || ' months', '-1 day')) AS quarter, periods__steps.until AS until 
FROM periods__steps 
WHERE min(date(periods__steps.low, CAST(periods__steps.n * 3 AS INTEGER) || ' months'), date(periods__steps.low, 'start of month', (CAST(periods__steps.n * 3 AS INTEGER) + 1) || ' months', '-1 day')) <= periods__steps.until) AS periods__begin), 
told AS 
(SELECT numbers_0.quarter AS quarter, numbers_0.month_to_date AS month_to_date, CAST(NULL AS BIGINT) AS buyers_of_week 
FROM (SELECT periods.quarter AS quarter, sum(month_to_date__days.value__) AS month_to_date 
FROM periods JOIN (SELECT date(datetime(datetime(placed), CASE WHEN (datetime(placed) < '2025-03-30 01:00:00') THEN 3600 WHEN (datetime(placed) < '2025-10-26 01:00:00') THEN 7200 WHEN (datetime(placed) < '2026-03-29 01:00:00') THEN 3600 WHEN (datetime(placed) < '2026-10-25 01:00:00') THEN 7200 WHEN (datetime(placed) < '2027-03-28 01:00:00') THEN 3600 WHEN (datetime(placed) < '2027-10-31 01:00:00') THEN 7200 ELSE 3600 END || ' seconds')) AS on_day__, sum(amount) AS value__ 
FROM orders 
WHERE datetime(placed) >= '2025-12-31 23:00:00' AND datetime(placed) < '2026-03-31 22:00:00' GROUP BY date(datetime(datetime(placed), CASE WHEN (datetime(placed) < '2025-03-30 01:00:00') THEN 3600 WHEN (datetime(placed) < '2025-10-26 01:00:00') THEN 7200 WHEN (datetime(placed) < '2026-03-29 01:00:00') THEN 3600 WHEN (datetime(placed) < '2026-10-25 01:00:00') THEN 7200 WHEN (datetime(placed) < '2027-03-28 01:00:00') THEN 3600 WHEN (datetime(placed) < '2027-10-31 01:00:00') THEN 7200 ELSE 3600 END || ' seconds'))) AS month_to_date__days ON month_to_date__days.on_day__ <= periods.last_day AND month_to_date__days.on_day__ >= date(periods.last_day, 'start of month') GROUP BY periods.quarter) AS numbers_0 UNION ALL SELECT numbers_1.quarter AS quarter, CAST(NULL AS DOUBLE) AS month_to_date, numbers_1.buyers_of_week AS buyers_of_week 
FROM (SELECT periods.quarter AS quarter, count(DISTINCT buyers_of_week__days.value__) AS buyers_of_week 
FROM periods JOIN (SELECT DISTINCT date(datetime(datetime(placed), CASE WHEN (datetime(placed) < '2025-03-30 01:00:00') THEN 3600 WHEN (datetime(placed) < '2025-10-26 01:00:00') THEN 7200 WHEN (datetime(placed) < '2026-03-29 01:00:00') THEN 3600 WHEN (datetime(placed) < '2026-10-25 01:00:00') THEN 7200 WHEN (datetime(placed) < '2027-03-28 01:00:00') THEN 3600 WHEN (datetime(placed) < '2027-10-31 01:00:00') THEN 7200 ELSE 3600 END || ' seconds')) AS on_day__, customer_id AS value__ 
FROM orders 
WHERE datetime(placed) >= '2025-12-23 23:00:00' AND datetime(placed) < '2026-03-31 22:00:00') AS buyers_of_week__days ON buyers_of_week__days.on_day__ <= periods.last_day AND buyers_of_week__days.on_day__ >= date(date(periods.last_day, 1 || ' days'), -7 || ' days') GROUP BY periods.quarter) AS numbers_1)
 SELECT found.quarter AS quarter, coalesce(found.month_to_date, 0) AS month_to_date, coalesce(found.buyers_of_week, 0) AS buyers_of_week 
FROM (SELECT stacked.quarter AS quarter, max(stacked.month_to_date) AS month_to_date, max(stacked.buyers_of_week) AS buyers_of_week 
FROM (SELECT told.quarter AS quarter, told.month_to_date AS month_to_date, told.buyers_of_week AS buyers_of_week 
FROM told UNION ALL SELECT periods.quarter AS quarter, CAST(NULL AS DOUBLE) AS month_to_date, CAST(NULL AS BIGINT) AS buyers_of_week 
FROM periods) AS stacked GROUP BY stacked.quarter) AS found ORDER BY CASE WHEN (found.quarter IS NULL) THEN 1 ELSE 0 END, found.quarter
