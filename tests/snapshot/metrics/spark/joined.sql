SELECT found.customer__region AS `customer.region`, CAST(coalesce(found.units, 0) AS DOUBLE) / nullif(coalesce(found.orders, 0), 0) AS units_per_order 
FROM (SELECT stacked.customer__region AS customer__region, max(stacked.units) AS units, max(stacked.orders) AS orders 
FROM (SELECT numbers_0.customer__region AS customer__region, numbers_0.units AS units, CAST(NULL AS BIGINT) AS orders 
FROM (SELECT order__orders.customer__region AS customer__region, sum(lines.units__measure) AS units 
FROM (SELECT quantity AS units__measure, order_id AS order__key 
FROM (
select order_id, product, quantity, price from order_lines where quantity >= 0
) AS lines) AS lines LEFT OUTER JOIN (SELECT orders.order__key AS order__key, customer__customers.region AS customer__region, orders.paid AS paid 
FROM (SELECT paid AS paid, id AS order__key, customer_id AS customer__key 
FROM orders) AS orders LEFT OUTER JOIN (SELECT id AS customer__key, region AS region 
FROM customers) AS customer__customers ON orders.customer__key = customer__customers.customer__key) AS order__orders ON lines.order__key = order__orders.order__key 
WHERE order__orders.paid = true GROUP BY order__orders.customer__region) AS numbers_0 UNION ALL SELECT numbers_1.customer__region AS customer__region, CAST(NULL AS DOUBLE) AS units, numbers_1.orders AS orders 
FROM (SELECT customer__customers.region AS customer__region, count(*) AS orders 
FROM (SELECT placed AS placed, paid AS paid, 1 AS orders__measure, customer_id AS customer__key 
FROM orders) AS orders LEFT OUTER JOIN (SELECT id AS customer__key, region AS region 
FROM customers) AS customer__customers ON orders.customer__key = customer__customers.customer__key 
WHERE orders.paid = true GROUP BY customer__customers.region) AS numbers_1) AS stacked GROUP BY stacked.customer__region) AS found ORDER BY CASE WHEN (found.customer__region IS NULL) THEN 1 ELSE 0 END, found.customer__region
