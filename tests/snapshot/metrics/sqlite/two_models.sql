WITH RECURSIVE told AS 
(SELECT numbers_0.week AS week, numbers_0.channel AS channel, numbers_0.visits AS visits, CAST(NULL AS BIGINT) AS orders, CAST(NULL AS DOUBLE) AS revenue 
FROM (SELECT date(seen_at, '-6 days', 'weekday 1') AS week, source AS channel, count(*) AS visits 
FROM visits 
WHERE seen_at >= '2026-01-01' AND seen_at < '2026-04-01' GROUP BY date(seen_at, '-6 days', 'weekday 1'), source) AS numbers_0 UNION ALL SELECT numbers_1.week AS week, numbers_1.channel AS channel, CAST(NULL AS BIGINT) AS visits, numbers_1.orders AS orders, numbers_1.revenue AS revenue 
FROM (SELECT date(datetime(datetime(placed), CASE WHEN (datetime(placed) < '2025-03-30 01:00:00') THEN 3600 WHEN (datetime(placed) < '2025-10-26 01:00:00') THEN 7200 WHEN (datetime(placed) < '2026-03-29 01:00:00') THEN 3600 WHEN (datetime(placed) < '2026-10-25 01:00:00') THEN 7200 WHEN (datetime(placed) < '2027-03-28 01:00:00') THEN 3600 WHEN (datetime(placed) < '2027-10-31 01:00:00') THEN 7200 ELSE 3600 END || ' seconds'), '-6 days', 'weekday 1') AS week, channel AS channel, count(*) AS orders, sum(amount) AS revenue 
FROM orders 
WHERE datetime(placed) >= '2025-12-31 23:00:00' AND datetime(placed) < '2026-03-31 22:00:00' GROUP BY date(datetime(datetime(placed), CASE WHEN (datetime(placed) < '2025-03-30 01:00:00') THEN 3600 WHEN (datetime(placed) < '2025-10-26 01:00:00') THEN 7200 WHEN (datetime(placed) < '2026-03-29 01:00:00') THEN 3600 WHEN (datetime(placed) < '2026-10-25 01:00:00') THEN 7200 WHEN (datetime(placed) < '2027-03-28 01:00:00') THEN 3600 WHEN (datetime(placed) < '2027-10-31 01:00:00') THEN 7200 ELSE 3600 END || ' seconds'), '-6 days', 'weekday 1'), channel) AS numbers_1), 
periods__steps(n, low, until) AS 
(SELECT 0 AS n, '2025-12-29' AS low, '2026-03-31' AS until UNION ALL SELECT periods__steps.n * 2 + both.more AS n, periods__steps.low AS low, periods__steps.until AS until 
FROM periods__steps JOIN (SELECT 1 AS more UNION ALL SELECT 2 AS more) AS both ON 1 = 1 
WHERE date(periods__steps.low, CAST((periods__steps.n * 2 + both.more) * 7 AS INTEGER) || ' days') <= periods__steps.until), 
periods AS 
(SELECT periods__begin.week AS week 
FROM (SELECT date(periods__steps.low, CAST(periods__steps.n * 7 AS INTEGER) || ' days') AS week, periods__steps.until AS until 
FROM periods__steps 
WHERE date(periods__steps.low, CAST(periods__steps.n * 7 AS INTEGER) || ' days') <= periods__steps.until) AS periods__begin)
 SELECT found.week AS week, found.channel AS channel, CAST(coalesce(found.visits, 0) AS DOUBLE) / (nullif(coalesce(found.orders, 0), 0) + 0.0) AS visits_per_order, coalesce(found.revenue, 0) AS revenue 
FROM (SELECT stacked.week AS week, stacked.channel AS channel, max(stacked.visits) AS visits, max(stacked.orders) AS orders, max(stacked.revenue) AS revenue 
FROM (SELECT told.week AS week, told.channel AS channel, told.visits AS visits, told.orders AS orders, told.revenue AS revenue 
FROM told UNION ALL SELECT periods.week AS week, groups.channel AS channel, CAST(NULL AS BIGINT) AS visits, CAST(NULL AS BIGINT) AS orders, CAST(NULL AS DOUBLE) AS revenue 
FROM periods JOIN (SELECT DISTINCT told.channel AS channel 
FROM told) AS groups ON 1 = 1) AS stacked GROUP BY stacked.week, stacked.channel) AS found ORDER BY CASE WHEN (found.week IS NULL) THEN 1 ELSE 0 END, found.week, CASE WHEN (found.channel IS NULL) THEN 1 ELSE 0 END, found.channel
