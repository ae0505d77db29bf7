// Command shop serves the shop. What it needs is told by the environment: shop --help lists it.
package main

import (
	"os"

	"example.com/shop/app"
	"example.com/shop/catalog"
	"example.com/shop/orders"
	"github.com/fettlehq/fettle/kit/grpc"
	"github.com/fettlehq/fettle/kit/mail/smtp"
	"github.com/fettlehq/fettle/kit/otlp"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/prometheus"
	"github.com/fettlehq/fettle/kit/server"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

func main() {
	service := app.New(catalog.New(), orders.New())
	service.Drivers = []sqldb.Driver{sqlite.Driver, postgres.Driver}
	service.GRPC = grpc.Open
	service.Metrics = prometheus.New()
	service.Traces = otlp.Traces
	service.Mail = smtp.Open
	service.Seed = seed
	service.Mount = catalog.Mount
	os.Exit(server.Main(service, os.Args[1:]))
}
