WITH first_exposures AS 
(SELECT user_id AS unit, min(CAST(arm AS TEXT)) AS variant, min("at") AS seen, count(DISTINCT arm) AS variants 
FROM ops.seen 
WHERE user_id IS NOT NULL AND "at" >= %(param_1)s AND "at" < %(param_2)s AND experiment = %(experiment_1)s::VARCHAR GROUP BY user_id)
 SELECT first_exposures.unit AS unit, first_exposures.variant AS variant, first_exposures.seen AS day, ranked.kept0 AS country, ranked.kept1 AS shop, coalesce(sums0.orders, %(coalesce_1)s::INTEGER) AS orders, coalesce(sums0.revenue, %(coalesce_2)s::INTEGER) AS revenue, coalesce(sums0.revenue_before, %(coalesce_3)s::INTEGER) AS revenue_before 
FROM first_exposures JOIN (SELECT user_id AS unit, row_number() OVER (PARTITION BY user_id ORDER BY "at", country, shop) AS place, country AS kept0, shop AS kept1 
FROM ops.seen 
WHERE user_id IS NOT NULL AND "at" >= %(param_3)s AND "at" < %(param_4)s AND experiment = %(experiment_2)s::VARCHAR) AS ranked ON ranked.unit = first_exposures.unit AND ranked.place = %(place_1)s::INTEGER LEFT OUTER JOIN (SELECT first_exposures.unit AS unit, sum(CASE WHEN (facts0."order" >= first_exposures.seen AND facts0."order" < first_exposures.seen + interval '168 hours') THEN %(param_5)s::INTEGER ELSE %(param_6)s::INTEGER END) AS orders, sum(CASE WHEN (facts0."order" >= first_exposures.seen AND facts0."order" < first_exposures.seen + interval '168 hours') THEN facts0.amount END) AS revenue, sum(CASE WHEN (facts0."order" < first_exposures.seen AND first_exposures.seen < facts0."order" + interval '720 hours') THEN facts0.amount END) AS revenue_before 
FROM first_exposures JOIN (SELECT amount, "order", "user" 
FROM ops.orders 
WHERE "order" < %(param_7)s AND "order" >= %(param_8)s) AS facts0 ON facts0."user" = first_exposures.unit GROUP BY first_exposures.unit) AS sums0 ON sums0.unit = first_exposures.unit 
WHERE first_exposures.variants = %(variants_1)s::INTEGER AND (SELECT max("order") AS max_1 
FROM ops.orders) >= first_exposures.seen + interval '168 hours'
