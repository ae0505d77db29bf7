module github.com/fettlehq/fettle

go 1.26.0
