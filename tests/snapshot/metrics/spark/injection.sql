SELECT coalesce(told.orders, 0) AS orders 
FROM (SELECT count(*) AS orders 
FROM orders 
WHERE channel = decode(unhex('77656227206f72202731273d2731273b2064726f70207461626c65206f72646572733b202d2d205c272025'), 'UTF-8')) AS told
