-- The selector of a subset: its name, and the text of its file where it was kept.
SELECT selector, selector_text
FROM subsets
WHERE subset_id = $subset_id
