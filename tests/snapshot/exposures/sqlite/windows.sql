WITH first_exposures AS 
(SELECT user_id AS unit, min(arm) AS variant, min(at) AS seen, count(DISTINCT arm) AS variants 
FROM ops.seen 
WHERE user_id IS NOT NULL AND at >= ? AND at < ? AND experiment = ? GROUP BY user_id)
 SELECT first_exposures.unit AS unit, first_exposures.variant AS variant, first_exposures.seen AS day, ranked.kept0 AS country, ranked.kept1 AS shop, coalesce(sums0.orders, ?) AS orders, coalesce(sums0.revenue, ?) AS revenue, coalesce(sums0.revenue_before, ?) AS revenue_before 
FROM first_exposures JOIN (SELECT user_id AS unit, row_number() OVER (PARTITION BY user_id ORDER BY at, country, shop) AS place, country AS kept0, shop AS kept1 
FROM ops.seen 
WHERE user_id IS NOT NULL AND at >= ? AND at < ? AND experiment = ?) AS ranked ON ranked.unit = first_exposures.unit AND ranked.place = ? LEFT OUTER JOIN (SELECT first_exposures.unit AS unit, sum(CASE WHEN (facts0."order" >= first_exposures.seen AND round((julianday(facts0."order") - julianday(first_exposures.seen)) * ?, ?) < ?) THEN ? ELSE ? END) AS orders, sum(CASE WHEN (facts0."order" >= first_exposures.seen AND round((julianday(facts0."order") - julianday(first_exposures.seen)) * ?, ?) < ?) THEN facts0.amount END) AS revenue, sum(CASE WHEN (facts0."order" < first_exposures.seen AND round((julianday(first_exposures.seen) - julianday(facts0."order")) * ?, ?) < ?) THEN facts0.amount END) AS revenue_before 
FROM first_exposures JOIN (SELECT amount, "order", user 
FROM ops.orders 
WHERE "order" < ? AND "order" >= ?) AS facts0 ON facts0.user = first_exposures.unit GROUP BY first_exposures.unit) AS sums0 ON sums0.unit = first_exposures.unit 
WHERE first_exposures.variants = ? AND round((julianday((SELECT max("order") AS max_1 
FROM ops.orders)) - julianday(first_exposures.seen)) * ?, ?) >= ?
