WITH RECURSIVE told AS 
(SELECT date(seen_at) AS day, count(*) AS visits 
FROM visits GROUP BY date(seen_at)), 
periods__bounds AS 
(SELECT min(periods__bounds__each.low) AS low, max(periods__bounds__each.high) AS high 
FROM (SELECT min(date(seen_at)) AS low, max(date(seen_at)) AS high 
FROM visits) AS periods__bounds__each), 
periods__steps(n, low, until) AS 
(SELECT 0 AS n, date(periods__bounds.low) AS low, periods__bounds.high AS until 
FROM periods__bounds 
WHERE date(periods__bounds.low) IS NOT NULL AND periods__bounds.high IS NOT NULL UNION ALL SELECT periods__steps.n * 2 + both.more AS n, periods__steps.low AS low, periods__steps.until AS until 
FROM periods__steps JOIN (SELECT 1 AS more UNION ALL SELECT 2 AS more) AS both ON 1 = 1 
WHERE date(periods__steps.low, CAST(periods__steps.n * 2 + both.more AS INTEGER) || ' days') <= periods__steps.until), 
periods AS 
(SELECT periods__begin.day AS day 
FROM (SELECT date(periods__steps.low, CAST(periods__steps.n AS INTEGER) || ' days') AS day, periods__steps.until AS until 
FROM periods__steps 
WHERE date(periods__steps.low, CAST(periods__steps.n AS INTEGER) || ' days') <= periods__steps.until) AS periods__begin)
 SELECT found.day AS day, coalesce(found.visits, 0) AS visits 
FROM (SELECT stacked.day AS day, max(stacked.visits) AS visits 
FROM (SELECT told.day AS day, told.visits AS visits 
FROM told UNION ALL SELECT periods.day AS day, CAST(NULL AS BIGINT) AS visits 
FROM periods) AS stacked GROUP BY stacked.day) AS found ORDER BY CASE WHEN (found.day IS NULL) THEN 1 ELSE 0 END, found.day
