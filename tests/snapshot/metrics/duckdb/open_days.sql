WITH RECURSIVE told AS 
(SELECT CAST(seen_at AS DATE) AS day, count(*) AS visits 
FROM visits GROUP BY CAST(seen_at AS DATE)), 
periods__bounds AS 
(SELECT min(periods__bounds__each.low) AS low, max(periods__bounds__each.high) AS high 
FROM (SELECT min(CAST(seen_at AS DATE)) AS low, max(CAST(seen_at AS DATE)) AS high 
FROM visits) AS periods__bounds__each), 
periods__steps(n, low, until) AS 
(SELECT 0 AS n, CAST(periods__bounds.low AS DATE) AS low, periods__bounds.high AS until 
FROM periods__bounds 
WHERE CAST(periods__bounds.low AS DATE) IS NOT NULL AND periods__bounds.high IS NOT NULL UNION ALL SELECT periods__steps.n * 2 + "both".more AS n, periods__steps.low AS low, periods__steps.until AS until 
FROM periods__steps JOIN (SELECT 1 AS more UNION ALL SELECT 2 AS more) AS "both" ON true 
WHERE CAST(periods__steps.low + (periods__steps.n * 2 + "both".more) * INTERVAL '1 day' AS DATE) <= periods__steps.until), 
periods AS 
(SELECT periods__begin.day AS day 
FROM (SELECT CAST(periods__steps.low + periods__steps.n * INTERVAL '1 day' AS DATE) AS day, periods__steps.until AS until 
FROM periods__steps 
WHERE CAST(periods__steps.low + periods__steps.n * INTERVAL '1 day' AS DATE) <= periods__steps.until) AS periods__begin)
 SELECT found.day AS day, coalesce(found.visits, 0) AS visits 
FROM (SELECT stacked.day AS day, max(stacked.visits) AS visits 
FROM (SELECT told.day AS day, told.visits AS visits 
FROM told UNION ALL SELECT periods.day AS day, CAST(NULL AS BIGINT) AS visits 
FROM periods) AS stacked GROUP BY stacked.day) AS found ORDER BY CASE WHEN (found.day IS NULL) THEN 1 ELSE 0 END, found.day
