WITH first_exposures AS 
(SELECT user_id AS unit, min(arm) AS variant, min("at") AS seen, count(DISTINCT arm) AS variants 
FROM ops.seen 
WHERE user_id IS NOT NULL AND "at" >= %(param_12)s AND "at" < %(param_13)s AND experiment = %(experiment_3)s GROUP BY user_id)
 SELECT count(*) AS units, sum(CASE WHEN (first_exposures.variants > %(variants_1)s) THEN %(param_1)s ELSE %(param_2)s END) AS sum_1, sum(CASE WHEN (first_exposures.variants = %(variants_2)s) THEN %(param_3)s ELSE %(param_4)s END) AS sum_2, (SELECT count(DISTINCT user_id) AS count_1 
FROM ops.seen 
WHERE experiment = %(experiment_1)s AND "at" < %(param_5)s) AS anon_1, (SELECT count(*) AS count_2 
FROM (SELECT user_id AS unit 
FROM ops.seen 
WHERE user_id IS NOT NULL AND experiment = %(experiment_2)s GROUP BY user_id 
HAVING min("at") >= %(param_6)s) AS after_the_end) AS anon_2, sum(CASE WHEN (first_exposures.variants = %(variants_3)s AND CASE WHEN ((SELECT max("order") AS max_1 
FROM ops.orders) >= first_exposures.seen + interval '168 hours') THEN %(param_7)s ELSE %(param_8)s END = %(param_9)s) THEN %(param_10)s ELSE %(param_11)s END) AS sum_3 
FROM first_exposures
