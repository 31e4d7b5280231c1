module record_templates

go 1.24
