WITH told AS 
(SELECT numbers_0.week AS week, numbers_0.channel AS channel, numbers_0.visits AS visits, CAST(NULL AS BIGINT) AS orders, CAST(NULL AS DOUBLE) AS revenue 
FROM (SELECT CAST(date_trunc('week', CAST(seen_at AS TIMESTAMP)) AS DATE) AS week, source AS channel, count(*) AS visits 
FROM visits 
WHERE seen_at >= '2026-01-01' AND seen_at < '2026-04-01' GROUP BY CAST(date_trunc('week', CAST(seen_at AS TIMESTAMP)) AS DATE), source) AS numbers_0 UNION ALL SELECT numbers_1.week AS week, numbers_1.channel AS channel, CAST(NULL AS BIGINT) AS visits, numbers_1.orders AS orders, numbers_1.revenue AS revenue 
FROM (SELECT CAST(date_trunc('week', CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS TIMESTAMP)) AS DATE) AS week, channel AS channel, count(*) AS orders, sum(amount) AS revenue 
FROM orders 
WHERE placed >= '2025-12-31 23:00:00' AND placed < '2026-03-31 22:00:00' GROUP BY CAST(date_trunc('week', CAST(from_utc_timestamp(placed, 'Europe/Berlin') AS TIMESTAMP)) AS DATE), channel) AS numbers_1), 
periods__steps AS 
(SELECT explode(sequence(periods__ends.low, periods__ends.until, INTERVAL '7' day)) AS week, periods__ends.until AS until 
FROM (SELECT 0 AS n, CAST('2025-12-29' AS DATE) AS low, CAST('2026-03-31' AS DATE) AS until) AS periods__ends 
WHERE periods__ends.low <= periods__ends.until), 
periods AS 
(SELECT periods__steps.week AS week 
FROM periods__steps)
 SELECT found.week AS week, found.channel AS channel, CAST(coalesce(found.visits, 0) AS DOUBLE) / nullif(coalesce(found.orders, 0), 0) AS visits_per_order, coalesce(found.revenue, 0) AS revenue 
FROM (SELECT stacked.week AS week, stacked.channel AS channel, max(stacked.visits) AS visits, max(stacked.orders) AS orders, max(stacked.revenue) AS revenue 
FROM (SELECT told.week AS week, told.channel AS channel, told.visits AS visits, told.orders AS orders, told.revenue AS revenue 
FROM told UNION ALL SELECT periods.week AS week, groups.channel AS channel, CAST(NULL AS BIGINT) AS visits, CAST(NULL AS BIGINT) AS orders, CAST(NULL AS DOUBLE) AS revenue 
FROM periods JOIN (SELECT DISTINCT told.channel AS channel 
FROM told) AS groups ON true) AS stacked GROUP BY stacked.week, stacked.channel) AS found ORDER BY CASE WHEN (found.week IS NULL) THEN 1 ELSE 0 END, found.week, CASE WHEN (found.channel IS NULL) THEN 1 ELSE 0 END, found.channel
