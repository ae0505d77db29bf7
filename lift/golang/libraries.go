package golang

import (
	"go/token"
	"path"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// roles are what known libraries are for, by the longest prefix of the import path.
var roles = map[string][2]string{
	// the ways in
	"github.com/go-chi/chi": {"router"}, "github.com/gin-gonic/gin": {"router"}, "github.com/labstack/echo": {"router"},
	"github.com/gofiber/fiber": {"router"}, "github.com/gorilla/mux": {"router"}, "github.com/julienschmidt/httprouter": {"router"},
	"github.com/valyala/fasthttp": {"router"}, "github.com/danielgtaylor/huma": {"router"}, "github.com/go-ozzo/ozzo-routing": {"router"},
	"github.com/gobuffalo/buffalo": {"router"}, "github.com/beego/beego": {"router"}, "github.com/cloudwego/hertz": {"router"}, "github.com/zeromicro/go-zero/rest": {"router"},
	"github.com/emicklei/go-restful": {"router"}, "github.com/kataras/iris": {"router"},
	"github.com/astaxie/beego": {"router"}, "gopkg.in/macaron.v1": {"router"}, "github.com/go-macaron/macaron": {"router"}, "github.com/flamego/flamego": {"router"},
	"github.com/go-openapi/runtime": {"router"}, "github.com/uptrace/bunrouter": {"router"}, "github.com/revel/revel": {"router"}, "github.com/go-martini/martini": {"router"},
	"google.golang.org/grpc": {"rpc"}, "connectrpc.com/connect": {"rpc"}, "github.com/twitchtv/twirp": {"rpc"},
	"github.com/99designs/gqlgen": {"rpc"}, "github.com/graphql-go/graphql": {"rpc"}, "github.com/graph-gophers/graphql-go": {"rpc"},
	"github.com/grpc-ecosystem/grpc-gateway": {"rpc"}, "github.com/gorilla/websocket": {"rpc"}, "github.com/coder/websocket": {"rpc"}, "nhooyr.io/websocket": {"rpc"},

	// the stores
	"github.com/lib/pq": {"driver", "PostgreSQL"}, "github.com/jackc/pgx": {"driver", "PostgreSQL"}, "gorm.io/driver/postgres": {"driver", "PostgreSQL"},
	"github.com/uptrace/bun/driver/pgdriver": {"driver", "PostgreSQL"}, "github.com/go-pg/pg": {"driver", "PostgreSQL"},
	"github.com/go-sql-driver/mysql": {"driver", "MySQL"}, "gorm.io/driver/mysql": {"driver", "MySQL"},
	"github.com/mattn/go-sqlite3": {"driver", "SQLite"}, "modernc.org/sqlite": {"driver", "SQLite"}, "gorm.io/driver/sqlite": {"driver", "SQLite"},
	"github.com/glebarez/sqlite": {"driver", "SQLite"}, "github.com/ncruces/go-sqlite3": {"driver", "SQLite"}, "zombiezen.com/go/sqlite": {"driver", "SQLite"},
	"github.com/jinzhu/gorm/dialects/sqlite": {"driver", "SQLite"}, "github.com/jinzhu/gorm/dialects/postgres": {"driver", "PostgreSQL"}, "github.com/jinzhu/gorm/dialects/mysql": {"driver", "MySQL"},
	"github.com/microsoft/go-mssqldb": {"driver", "SQL Server"}, "gorm.io/driver/sqlserver": {"driver", "SQL Server"}, "github.com/denisenkom/go-mssqldb": {"driver", "SQL Server"},
	"go.mongodb.org/mongo-driver": {"driver", "MongoDB"}, "github.com/gocql/gocql": {"driver", "Cassandra"}, "github.com/ClickHouse/clickhouse-go": {"driver", "ClickHouse"},
	"github.com/elastic/go-elasticsearch": {"driver", "Elasticsearch"}, "github.com/olivere/elastic": {"driver", "Elasticsearch"}, "github.com/opensearch-project/opensearch-go": {"driver", "OpenSearch"},
	"github.com/meilisearch/meilisearch-go": {"driver", "Meilisearch"}, "go.etcd.io/bbolt": {"driver", "a bbolt file"}, "github.com/dgraph-io/badger": {"driver", "a Badger folder"},
	"github.com/neo4j/neo4j-go-driver": {"driver", "Neo4j"}, "github.com/influxdata/influxdb-client-go": {"driver", "InfluxDB"}, "go.etcd.io/etcd": {"driver", "etcd"},
	"cloud.google.com/go/spanner": {"driver", "Cloud Spanner"}, "cloud.google.com/go/firestore": {"driver", "Firestore"},
	"github.com/aws/aws-sdk-go-v2/service/dynamodb": {"driver", "DynamoDB"}, "github.com/aws/aws-sdk-go/service/dynamodb": {"driver", "DynamoDB"},
	"gorm.io/gorm": {"orm"}, "github.com/jinzhu/gorm": {"orm"}, "entgo.io/ent": {"orm"}, "xorm.io/xorm": {"orm"}, "github.com/uptrace/bun": {"orm"}, "github.com/go-gorp/gorp": {"orm"},
	"github.com/volatiletech/sqlboiler": {"orm"}, "github.com/go-jet/jet": {"sql"}, "github.com/letsencrypt/borp": {"orm"}, "github.com/fettlehq/fettle/kit": {"orm"}, "github.com/fettlehq/fettle/kit/sqlite": {"driver", "SQLite"}, "github.com/fettlehq/fettle/kit/postgres": {"driver", "PostgreSQL"}, "github.com/fettlehq/fettle/kit/mail/smtp": {"mail", "a mail server"},
	"database/sql": {"sql"}, "github.com/jmoiron/sqlx": {"sql"}, "github.com/Masterminds/squirrel": {"sql"}, "github.com/doug-martin/goqu": {"sql"}, "github.com/huandu/go-sqlbuilder": {"sql"}, "github.com/knadh/goyesql": {"sql"}, "github.com/georgysavva/scany": {"sql"},
	"github.com/pressly/goose": {"migrations"}, "github.com/golang-migrate/migrate": {"migrations"}, "ariga.io/atlas": {"migrations"}, "github.com/rubenv/sql-migrate": {"migrations"}, "github.com/amacneil/dbmate": {"migrations"}, "src.techknowlogick.com/xormigrate": {"migrations"}, "github.com/go-gormigrate/gormigrate": {"migrations"},
	"github.com/redis/go-redis": {"cache", "Redis"}, "github.com/go-redis/redis": {"cache", "Redis"}, "github.com/gomodule/redigo": {"cache", "Redis"}, "github.com/redis/rueidis": {"cache", "Redis"}, "github.com/valkey-io/valkey-go": {"cache", "Valkey"},
	"github.com/bradfitz/gomemcache": {"cache", "Memcached"}, "github.com/dgraph-io/ristretto": {"cache"}, "github.com/maypok86/otter": {"cache"}, "github.com/patrickmn/go-cache": {"cache"}, "github.com/allegro/bigcache": {"cache"}, "github.com/hashicorp/golang-lru": {"cache"}, "github.com/viccon/sturdyc": {"cache"}, "github.com/creativecreature/sturdyc": {"cache"},
	"github.com/aws/aws-sdk-go-v2/service/s3": {"cloud", "Amazon S3"}, "github.com/aws/aws-sdk-go/service/s3": {"cloud", "Amazon S3"}, "github.com/minio/minio-go": {"cloud", "an S3 store"}, "cloud.google.com/go/storage": {"cloud", "Google Cloud Storage"}, "github.com/Azure/azure-sdk-for-go/sdk/storage/azblob": {"cloud", "Azure Blob Storage"},

	// what is called
	"github.com/nats-io/nats.go": {"queue", "NATS"}, "github.com/segmentio/kafka-go": {"queue", "Kafka"}, "github.com/IBM/sarama": {"queue", "Kafka"}, "github.com/Shopify/sarama": {"queue", "Kafka"}, "github.com/twmb/franz-go": {"queue", "Kafka"}, "github.com/confluentinc/confluent-kafka-go": {"queue", "Kafka"},
	"github.com/rabbitmq/amqp091-go": {"queue", "RabbitMQ"}, "github.com/streadway/amqp": {"queue", "RabbitMQ"}, "github.com/hibiken/asynq": {"queue", "Redis (asynq)"}, "github.com/riverqueue/river": {"queue", "PostgreSQL (river)"}, "github.com/gocraft/work": {"queue", "Redis"}, "cloud.google.com/go/pubsub": {"queue", "Google Pub/Sub"}, "github.com/ThreeDotsLabs/watermill": {"queue"},
	"github.com/aws/aws-sdk-go-v2/service/sqs": {"queue", "Amazon SQS"}, "github.com/aws/aws-sdk-go-v2/service/sns": {"queue", "Amazon SNS"}, "go.temporal.io/sdk": {"queue", "Temporal"},
	"net/smtp": {"mail", "a mail server"}, "github.com/wneessen/go-mail": {"mail", "a mail server"}, "gopkg.in/gomail.v2": {"mail", "a mail server"}, "github.com/jordan-wright/email": {"mail", "a mail server"}, "github.com/go-mail/mail": {"mail", "a mail server"}, "github.com/knadh/smtppool": {"mail", "a mail server"},
	"github.com/sendgrid/sendgrid-go": {"mail", "SendGrid"}, "github.com/mailgun/mailgun-go": {"mail", "Mailgun"}, "github.com/resend/resend-go": {"mail", "Resend"}, "github.com/aws/aws-sdk-go-v2/service/ses": {"mail", "Amazon SES"}, "github.com/aws/aws-sdk-go-v2/service/sesv2": {"mail", "Amazon SES"}, "github.com/keighl/postmark": {"mail", "Postmark"},
	"github.com/stripe/stripe-go": {"payment", "Stripe"}, "github.com/plutov/paypal": {"payment", "PayPal"}, "github.com/braintree-go/braintree-go": {"payment", "Braintree"},
	"github.com/twilio/twilio-go": {"cloud", "Twilio"}, "github.com/slack-go/slack": {"cloud", "Slack"}, "github.com/google/go-github": {"cloud", "GitHub"}, "code.gitea.io/sdk/gitea": {"cloud", "Gitea"}, "github.com/sashabaranov/go-openai": {"cloud", "OpenAI"}, "github.com/openai/openai-go": {"cloud", "OpenAI"}, "github.com/anthropics/anthropic-sdk-go": {"cloud", "Anthropic"},
	"github.com/aws/aws-sdk-go-v2": {"cloud", "AWS"}, "github.com/aws/aws-sdk-go": {"cloud", "AWS"}, "firebase.google.com/go": {"cloud", "Firebase"}, "github.com/hashicorp/vault": {"cloud", "Vault"}, "github.com/hashicorp/consul": {"cloud", "Consul"}, "k8s.io/client-go": {"cloud", "Kubernetes"}, "github.com/docker/docker": {"cloud", "Docker"}, "github.com/moby/moby": {"cloud", "Docker"},
	"github.com/getsentry/sentry-go": {"trace", "Sentry"}, "github.com/go-telegram-bot-api/telegram-bot-api": {"cloud", "Telegram"}, "github.com/bwmarrin/discordgo": {"cloud", "Discord"}, "github.com/go-resty/resty": {"client"}, "github.com/hashicorp/go-retryablehttp": {"client"}, "github.com/go-ldap/ldap": {"auth", "an LDAP server"},

	// within the process
	"log": {"log"}, "log/slog": {"log"}, "go.uber.org/zap": {"log"}, "github.com/sirupsen/logrus": {"log"}, "github.com/rs/zerolog": {"log"}, "github.com/quay/zlog": {"log"}, "github.com/charmbracelet/log": {"log"}, "github.com/golang/glog": {"log"}, "k8s.io/klog": {"log"}, "github.com/go-kit/log": {"log"}, "github.com/hashicorp/go-hclog": {"log"}, "github.com/go-logr/logr": {"log"},
	"go.opentelemetry.io": {"trace"}, "github.com/opentracing/opentracing-go": {"trace"}, "github.com/uber/jaeger-client-go": {"trace", "Jaeger"}, "github.com/DataDog/dd-trace-go": {"trace", "Datadog"}, "gopkg.in/DataDog/dd-trace-go.v1": {"trace", "Datadog"}, "github.com/openzipkin/zipkin-go": {"trace", "Zipkin"},
	"github.com/prometheus/client_golang": {"metrics"}, "github.com/VictoriaMetrics/metrics": {"metrics"}, "expvar": {"metrics"},
	"github.com/spf13/viper": {"config"}, "github.com/kelseyhightower/envconfig": {"config"}, "github.com/caarlos0/env": {"config"}, "github.com/joeshaw/envdecode": {"config"}, "github.com/knadh/koanf": {"config"}, "github.com/ardanlabs/conf": {"config"}, "github.com/joho/godotenv": {"config"}, "github.com/ilyakaznacheev/cleanenv": {"config"}, "github.com/sethvargo/go-envconfig": {"config"}, "github.com/BurntSushi/toml": {"config"}, "github.com/alecthomas/kong": {"config"}, "github.com/peterbourgon/ff": {"config"}, "github.com/urfave/cli": {"config"}, "github.com/spf13/cobra": {"config"}, "github.com/spf13/pflag": {"config"}, "flag": {"config"},
	"github.com/go-playground/validator": {"validation"}, "github.com/go-ozzo/ozzo-validation": {"validation"}, "github.com/invopop/validation": {"validation"}, "github.com/asaskevich/govalidator": {"validation"}, "github.com/bufbuild/protovalidate-go": {"validation"}, "buf.build/go/protovalidate": {"validation"}, "github.com/getkin/kin-openapi": {"validation"},
	"github.com/golang-jwt/jwt": {"auth"}, "github.com/dgrijalva/jwt-go": {"auth"}, "github.com/go-jose/go-jose": {"auth"}, "github.com/lestrrat-go/jwx": {"auth"}, "github.com/coreos/go-oidc": {"auth"}, "golang.org/x/oauth2": {"auth"}, "golang.org/x/crypto": {"auth"}, "github.com/o1egl/paseto": {"auth"}, "aidanwoods.dev/go-paseto": {"auth"}, "github.com/gorilla/sessions": {"auth"}, "github.com/alexedwards/scs": {"auth"}, "github.com/casbin/casbin": {"auth"}, "github.com/open-policy-agent/opa": {"auth"}, "github.com/go-webauthn/webauthn": {"auth"}, "github.com/pquerna/otp": {"auth"}, "github.com/go-chi/jwtauth": {"auth"}, "github.com/markbates/goth": {"auth"},
	"go.uber.org/fx": {"inject"}, "github.com/google/wire": {"inject"}, "go.uber.org/dig": {"inject"}, "github.com/samber/do": {"inject"}, "github.com/sarulabs/di": {"inject"},
	"github.com/robfig/cron": {"schedule"}, "github.com/go-co-op/gocron": {"schedule"}, "golang.org/x/sync": {"concurrency"}, "github.com/sourcegraph/conc": {"concurrency"}, "github.com/alitto/pond": {"concurrency"}, "github.com/panjf2000/ants": {"concurrency"},
	"github.com/sony/gobreaker": {"resilience"}, "github.com/cenkalti/backoff": {"resilience"}, "github.com/failsafe-go/failsafe-go": {"resilience"}, "github.com/avast/retry-go": {"resilience"}, "golang.org/x/time": {"resilience"}, "github.com/ulule/limiter": {"resilience"}, "github.com/go-chi/httprate": {"resilience"}, "github.com/afex/hystrix-go": {"resilience"},
	"github.com/stretchr/testify": {"test"}, "github.com/google/go-cmp": {"test"}, "github.com/onsi/ginkgo": {"test"}, "github.com/onsi/gomega": {"test"}, "gotest.tools": {"test"}, "github.com/frankban/quicktest": {"test"}, "github.com/matryer/is": {"test"}, "pgregory.net/rapid": {"test"}, "github.com/testcontainers/testcontainers-go": {"test"}, "github.com/ory/dockertest": {"test"}, "net/http/httptest": {"test"}, "github.com/jarcoal/httpmock": {"test"}, "github.com/gavv/httpexpect": {"test"}, "github.com/fergusstrange/embedded-postgres": {"test"},
	"github.com/stretchr/testify/mock": {"mock"}, "go.uber.org/mock": {"mock"}, "github.com/golang/mock": {"mock"}, "github.com/DATA-DOG/go-sqlmock": {"mock"}, "github.com/pashagolub/pgxmock": {"mock"}, "github.com/matryer/moq": {"mock"}, "github.com/alicebob/miniredis": {"mock"}, "github.com/maxbrunsfeld/counterfeiter": {"mock"},
	"github.com/pkg/errors": {"errors"}, "github.com/cockroachdb/errors": {"errors"}, "golang.org/x/xerrors": {"errors"}, "emperror.dev/errors": {"errors"}, "github.com/hashicorp/go-multierror": {"errors"}, "go.uber.org/multierr": {"errors"}, "github.com/samber/oops": {"errors"},
}

// roleOf is what a library is for: its role, what it leads to, and the prefix of its path that is known.
func roleOf(importPath string) (role, product, known string) {
	for prefix := importPath; prefix != "." && prefix != "/"; prefix = path.Dir(prefix) {
		if r, found := roles[prefix]; found {
			return r[0], r[1], prefix
		}
	}
	return "", "", ""
}

// asks are what queries through a library that says them by calls name as their library.
var asks = map[string]string{
	"gorm.io/gorm": "gorm", "github.com/jinzhu/gorm": "gorm", "entgo.io/ent": "ent", "xorm.io/xorm": "xorm", "github.com/uptrace/bun": "bun",
	"github.com/gobuffalo/pop": "pop", "github.com/ory/pop": "pop", "github.com/go-gorp/gorp": "gorp", "github.com/letsencrypt/borp": "gorp", "github.com/volatiletech/sqlboiler": "sqlboiler", "github.com/aarondl/sqlboiler": "sqlboiler",
	"github.com/go-jet/jet": "jet",
}

// useLibrary notes that a package imports a library.
func (l *lifter) useLibrary(s *source, importPath string, at token.Pos) {
	role, product, known := roleOf(importPath)
	if isStandard(importPath) && role == "" {
		return
	}
	m := l.loader.moduleOf(s.dir)
	name, version := importPath, ""
	for prefix := importPath; prefix != "."; prefix = path.Dir(prefix) {
		if v, found := m.versions[prefix]; found {
			name, version = prefix, v
			break
		}
	}
	if len(known) > len(name) { // one package of a module that has several uses
		name = known
	}
	lib := l.libraries[name]
	if lib == nil {
		lib = &facts.Library{Path: name, Version: version, Role: role, Asks: asks[known], Product: product, Pos: l.pos(at)}
		l.libraries[name] = lib
	}
	if !slices.Contains(lib.Packages, s.path) {
		lib.Packages = append(lib.Packages, s.path)
	}
}

// libraryFacts are the libraries that the code imports, by their names, and those that only tests import.
func (l *lifter) libraryFacts() []*facts.Library {
	for _, p := range l.facts.Packages {
		for _, file := range p.Tests {
			for _, name := range file.Libraries {
				if role, product, known := roleOf(name); (role == "test" || role == "mock") && l.libraries[known] == nil {
					l.libraries[known] = &facts.Library{Path: known, Role: role, Product: product, Pos: file.Pos}
				}
			}
		}
	}
	var out []*facts.Library
	for _, name := range sortedKeys(l.libraries) {
		out = append(out, l.libraries[name])
	}
	return out
}
