SELECT coalesce(told.revenue, 0) AS revenue, CAST(coalesce(told.revenue, 0) AS DOUBLE) / nullif(coalesce(told.orders, 0), 0) AS order_value 
FROM (SELECT sum(amount) AS revenue, count(*) AS orders 
FROM orders 
WHERE channel = 'web' OR channel IS NULL) AS told
