WITH first_exposures AS 
(SELECT user_id AS unit, min(CAST(arm AS TEXT)) AS variant, min("at") AS seen, count(DISTINCT arm) AS variants 
FROM ops.seen 
WHERE user_id IS NOT NULL AND "at" >= %(param_1)s AND "at" < %(param_2)s AND experiment = %(experiment_1)s::VARCHAR GROUP BY user_id)
 SELECT first_exposures.unit AS unit, first_exposures.variant AS variant, first_exposures.seen AS day, coalesce(sums0.orders, %(coalesce_1)s::INTEGER) AS orders, coalesce(sums0.revenue, %(coalesce_2)s::INTEGER) AS revenue, coalesce(sums0.revenue_before, %(coalesce_3)s::INTEGER) AS revenue_before 
FROM first_exposures LEFT OUTER JOIN (SELECT first_exposures.unit AS unit, sum(CASE WHEN (facts0."order" >= first_exposures.seen) THEN %(param_3)s::INTEGER ELSE %(param_4)s::INTEGER END) AS orders, sum(CASE WHEN (facts0."order" >= first_exposures.seen) THEN facts0.amount END) AS revenue, sum(CASE WHEN (facts0."order" < first_exposures.seen) THEN facts0.amount END) AS revenue_before 
FROM first_exposures JOIN (SELECT amount, "order", "user" 
FROM ops.orders 
WHERE "order" < %(param_5)s) AS facts0 ON facts0."user" = first_exposures.unit GROUP BY first_exposures.unit) AS sums0 ON sums0.unit = first_exposures.unit 
WHERE first_exposures.variants = %(variants_1)s::INTEGER
