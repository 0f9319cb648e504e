SELECT coalesce(told.orders, 0) AS orders 
FROM (SELECT count(*) AS orders 
FROM orders 
WHERE channel = 'web'' or ''1''=''1''; drop table orders; -- \'' %') AS told
