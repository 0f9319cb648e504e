WITH first_exposures AS 
(SELECT user_id AS unit, min(arm) AS variant, min(at) AS seen, count(DISTINCT arm) AS variants 
FROM ops.seen 
WHERE user_id IS NOT NULL AND at >= %s AND at < %s AND experiment = %s GROUP BY user_id)
 SELECT count(*) AS units, sum(CASE WHEN (first_exposures.variants > %s) THEN %s ELSE %s END) AS sum_1, sum(CASE WHEN (first_exposures.variants = %s) THEN %s ELSE %s END) AS sum_2, (SELECT count(DISTINCT user_id) AS count_1 
FROM ops.seen 
WHERE experiment = %s AND at < %s) AS anon_1, (SELECT count(*) AS count_2 
FROM (SELECT user_id AS unit 
FROM ops.seen 
WHERE user_id IS NOT NULL AND experiment = %s GROUP BY user_id 
HAVING min(at) >= %s) AS after_the_end) AS anon_2 
FROM first_exposures
