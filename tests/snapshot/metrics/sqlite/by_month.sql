WITH RECURSIVE told AS 
(SELECT date(datetime(datetime(placed), CASE WHEN (datetime(placed) < '2025-03-30 01:00:00') THEN 3600 WHEN (datetime(placed) < '2025-10-26 01:00:00') THEN 7200 WHEN (datetime(placed) < '2026-03-29 01:00:00') THEN 3600 WHEN (datetime(placed) < '2026-10-25 01:00:00') THEN 7200 WHEN (datetime(placed) < '2027-03-28 01:00:00') THEN 3600 WHEN (datetime(placed) < '2027-10-31 01:00:00') THEN 7200 ELSE 3600 END || ' seconds'), 'start of month') AS month, channel AS channel, sum(amount) AS revenue, count(*) AS orders, avg(CAST(amount AS DOUBLE)) AS mean_amount 
FROM orders 
WHERE datetime(placed) >= '2025-12-31 23:00:00' AND datetime(placed) < '2026-03-31 22:00:00' GROUP BY date(datetime(datetime(placed), CASE WHEN (datetime(placed) < '2025-03-30 01:00:00') THEN 3600 WHEN (datetime(placed) < '2025-10-26 01:00:00') THEN 7200 WHEN (datetime(placed) < '2026-03-29 01:00:00') THEN 3600 WHEN (datetime(placed) < '2026-10-25 01:00:00') THEN 7200 WHEN (datetime(placed) < '2027-03-28 01:00:00') THEN 3600 WHEN (datetime(placed) < '2027-10-31 01:00:00') THEN 7200 ELSE 3600 END || ' seconds'), 'start of month'), channel), 
periods__steps(n, low, until) AS 
(SELECT 0 AS n, '2026-01-01' AS low, '2026-03-31' AS until UNION ALL SELECT periods__steps.n * 2 + both.more AS n, periods__steps.low AS low, periods__steps.until AS until 
FROM periods__steps JOIN (SELECT 1 AS more UNION ALL SELECT 2 AS more) AS both ON 1 = 1 
WHERE min(date(periods__steps.low, CAST(periods__steps.n * 2 + both.more AS INTEGER) || ' months'), date(periods__steps.low, 'start of month', (CAST(periods__steps.n * 2 + both.more AS INTEGER) + 1) || ' months', '-1 day')) <= periods__steps.until), 
periods AS 
(SELECT periods__begin.month AS month 
FROM (SELECT min(date(periods__steps.low, CAST(periods__steps.n AS INTEGER) || ' months'), date(periods__steps.low, 'start of month', (CAST(periods__steps.n AS INTEGER) + 1) || ' months', '-1 day')) AS month, periods__steps.until AS until 
FROM periods__steps 
WHERE min(date(periods__steps.low, CAST(periods__steps.n AS INTEGER) || ' months'), date(periods__steps.low, 'start of month', (CAST(periods__steps.n AS INTEGER) + 1) || ' months', '-1 day')) <= periods__steps.until) AS periods__begin)
 SELECT found.month AS month, found.channel AS channel, coalesce(found.revenue, 0) AS revenue, coalesce(found.orders, 0) AS orders, found.mean_amount AS mean_amount 
FROM (SELECT stacked.month AS month, stacked.channel AS channel, max(stacked.revenue) AS revenue, max(stacked.orders) AS orders, max(stacked.mean_amount) AS mean_amount 
FROM (SELECT told.month AS month, told.channel AS channel, told.revenue AS revenue, told.orders AS orders, told.mean_amount AS mean_amount 
FROM told UNION ALL SELECT periods.month AS month, groups.channel AS channel, CAST(NULL AS DOUBLE) AS revenue, CAST(NULL AS BIGINT) AS orders, CAST(NULL AS DOUBLE) AS mean_amount 
FROM periods JOIN (SELECT DISTINCT told.channel AS channel 
FROM told) AS groups ON 1 = 1) AS stacked GROUP BY stacked.month, stacked.channel) AS found ORDER BY CASE WHEN (found.month IS NULL) THEN 1 ELSE 0 END, found.month, CASE WHEN (found.channel IS NULL) THEN 1 ELSE 0 END, found.channel
