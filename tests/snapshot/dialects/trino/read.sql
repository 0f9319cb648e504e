SELECT * 
FROM (
select * from shop.orders where day >= :day  and channel in (:channels_1, :channels_2)  -- what people write
) AS said
LIMIT :param_1
