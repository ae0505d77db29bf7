// Command conduit serves a place to publish. What it needs is told by the environment: conduit --help lists it.
package main

import (
	"os"

	"example.com/conduit/app"
	"example.com/conduit/conduit"
	"example.com/conduit/realworld"
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
	service := app.New(conduit.New())
	service.Drivers = []sqldb.Driver{sqlite.Driver, postgres.Driver}
	service.GRPC = grpc.Open
	service.Metrics = prometheus.New()
	service.Traces = otlp.Traces
	service.Mail = smtp.Open
	service.Seed = seed
	service.Mount = realworld.Mount
	os.Exit(server.Main(service, os.Args[1:]))
}
