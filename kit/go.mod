module github.com/fettlehq/fettle/kit

go 1.26.0
