INSERT INTO tags (name, tag, version, tagged_at)
VALUES ($name, $tag, $version, now() AT TIME ZONE 'UTC')
