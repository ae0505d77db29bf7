package prometheus

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/fettlehq/fettle/kit/sqldb"
)

var (
	replicaUp    = prometheus.NewDesc("db_replica_up", "Whether the replica is asked.", []string{"replica"}, nil)
	replicaLag   = prometheus.NewDesc("db_replica_lag_seconds", "How old the replica's answers are at most.", []string{"replica"}, nil)
	replicaReads = prometheus.NewDesc("db_replica_reads_total",
		"Reads that the replica answered; behind and failed ones went to the primary.", []string{"replica", "outcome"}, nil)
)

// Replicas measures replicas of the database when it is asked to, with what read tells then.
func (m *Metrics) Replicas(read func() []sqldb.Replica) { m.Registry.MustRegister(replicas(read)) }

// replicas is a prometheus.Collector.
type replicas func() []sqldb.Replica

func (replicas) Describe(out chan<- *prometheus.Desc) {
	out <- replicaUp
	out <- replicaLag
	out <- replicaReads
}

func (read replicas) Collect(out chan<- prometheus.Metric) {
	for _, r := range read() {
		up := 0.0
		if r.Up {
			up = 1
		}
		out <- prometheus.MustNewConstMetric(replicaUp, prometheus.GaugeValue, up, r.Name)
		out <- prometheus.MustNewConstMetric(replicaLag, prometheus.GaugeValue, r.Lag.Seconds(), r.Name)
		for outcome, count := range map[string]int64{"answered": r.Answered, "behind": r.Behind, "failed": r.Failed} {
			out <- prometheus.MustNewConstMetric(replicaReads, prometheus.CounterValue, float64(count), r.Name, outcome)
		}
	}
}
