WITH told AS 
(SELECT CAST(seen_at AS DATE) AS day, count(*) AS visits 
FROM visits GROUP BY CAST(seen_at AS DATE)), 
periods__bounds AS 
(SELECT min(periods__bounds__each.low) AS low, max(periods__bounds__each.high) AS high 
FROM (SELECT min(CAST(seen_at AS DATE)) AS low, max(CAST(seen_at AS DATE)) AS high 
FROM visits) AS periods__bounds__each), 
periods__steps AS 
(SELECT explode(sequence(periods__ends.low, periods__ends.until, INTERVAL '1' day)) AS day, periods__ends.until AS until 
FROM (SELECT 0 AS n, CAST(periods__bounds.low AS DATE) AS low, periods__bounds.high AS until 
FROM periods__bounds 
WHERE CAST(periods__bounds.low AS DATE) IS NOT NULL AND periods__bounds.high IS NOT NULL) AS periods__ends 
WHERE periods__ends.low <= periods__ends.until), 
periods AS 
(SELECT periods__steps.day AS day 
FROM periods__steps)
 SELECT found.day AS day, coalesce(found.visits, 0) AS visits 
FROM (SELECT stacked.day AS day, max(stacked.visits) AS visits 
FROM (SELECT told.day AS day, told.visits AS visits 
FROM told UNION ALL SELECT periods.day AS day, CAST(NULL AS BIGINT) AS visits 
FROM periods) AS stacked GROUP BY stacked.day) AS found ORDER BY CASE WHEN (found.day IS NULL) THEN 1 ELSE 0 END, found.day
