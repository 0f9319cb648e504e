WITH RECURSIVE told AS 
(SELECT CAST(date_trunc('month', CAST(timezone('Europe/Berlin', placed) AS TIMESTAMP WITHOUT TIME ZONE)) AS DATE) AS month, channel AS channel, sum(amount) AS revenue, count(*) AS orders, avg(CAST(amount AS DOUBLE PRECISION)) AS mean_amount 
FROM orders 
WHERE placed >= '2025-12-31 23:00:00+00:00' AND placed < '2026-03-31 22:00:00+00:00' GROUP BY CAST(date_trunc('month', CAST(timezone('Europe/Berlin', placed) AS TIMESTAMP WITHOUT TIME ZONE)) AS DATE), channel), 
periods__steps(n, low, until) AS 
(SELECT 0 AS n, CAST('2026-01-01' AS DATE) AS low, CAST('2026-03-31' AS DATE) AS until UNION ALL SELECT periods__steps.n * 2 + "both".more AS n, periods__steps.low AS low, periods__steps.until AS until 
FROM periods__steps JOIN (SELECT 1 AS more UNION ALL SELECT 2 AS more) AS "both" ON true 
WHERE CAST(periods__steps.low + (periods__steps.n * 2 + "both".more) * INTERVAL '1 month' AS DATE) <= periods__steps.until), 
periods AS 
(SELECT periods__begin.month AS month 
FROM (SELECT CAST(periods__steps.low + periods__steps.n * INTERVAL '1 month' AS DATE) AS month, periods__steps.until AS until 
FROM periods__steps 
WHERE CAST(periods__steps.low + periods__steps.n * INTERVAL '1 month' AS DATE) <= periods__steps.until) AS periods__begin)
 SELECT found.month AS month, found.channel AS channel, coalesce(found.revenue, 0) AS revenue, coalesce(found.orders, 0) AS orders, found.mean_amount AS mean_amount 
FROM (SELECT stacked.month AS month, stacked.channel AS channel, max(stacked.revenue) AS revenue, max(stacked.orders) AS orders, max(stacked.mean_amount) AS mean_amount 
FROM (SELECT told.month AS month, told.channel AS channel, told.revenue AS revenue, told.orders AS orders, told.mean_amount AS mean_amount 
FROM told UNION ALL SELECT periods.month AS month, groups.channel AS channel, CAST(NULL AS DOUBLE PRECISION) AS revenue, CAST(NULL AS BIGINT) AS orders, CAST(NULL AS DOUBLE PRECISION) AS mean_amount 
FROM periods JOIN (SELECT DISTINCT told.channel AS channel 
FROM told) AS groups ON true) AS stacked GROUP BY stacked.month, stacked.channel) AS found ORDER BY CASE WHEN (found.month IS NULL) THEN 1 ELSE 0 END, found.month, CASE WHEN (found.channel IS NULL) THEN 1 ELSE 0 END, found.channel
