SELECT * 
FROM (
select * from shop.orders where day >= %(day)s  and channel in (%(channels_1)s, %(channels_2)s)  -- what people write
) AS said
 LIMIT %(param_1)s
