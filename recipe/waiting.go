package recipe

// Waiting is what the language says already and no recipe does yet. Whether it is built is asked of the tool itself, with
// Sample: a field or operation that needs it.
type Waiting struct {
	Name, Title string
	Sample      string // SDL beside an account User and an entity Note
	phrases     []string
}

// Waits are those, in the order in which users see them.
var Waits = []Waiting{
	{Name: "api-keys", Title: "programs sign in with a key", Sample: `type Machine @entity @account(login: email, machines: true) @allow(do: READ, when: "this == viewer") { email: Email! @unique @personal }`, phrases: []string{"api key", "api keys", "machine account"}},
	{Name: "uploads", Title: "rows carry files", Sample: `type Sample @entity @allow(do: READ, when: "true") { file: File! @upload(max: "5MB") }`, phrases: []string{"upload", "uploads", "attachment", "attachments", "file storage", "avatar"}},
	{Name: "encryption", Title: "a field is sealed before it reaches the database", Sample: `type Sample @entity @allow(do: READ, when: "true") { secret: String! @encrypted }`, phrases: []string{"encrypt", "encrypted", "encryption at rest"}},
	{Name: "rate-limit", Title: "an operation is answered so often", Sample: `extend type Query { sample: [Note!]! @where(that: "true") @rateLimit(per: VIEWER, requests: 20, within: "1m") }`, phrases: []string{"rate limit", "rate limited", "rate limiting", "throttle", "throttling"}},
	{Name: "cache", Title: "an answer is given again for a while", Sample: `extend type Query { sample: [Note!]! @where(that: "true") @cache(maxAge: "1m") }`, phrases: []string{"cache", "caching", "redis"}},
	{Name: "events", Title: "others are told what happened: @event and @emits keep it in the outbox, and nothing delivers it yet", Sample: `type Sampled @event(key: note) { note: Note! } extend type Task { sample: Boolean @on(event: Sampled) }`, phrases: []string{"event", "events", "message bus", "outbox", "kafka", "publish"}},
	{Name: "tasks", Title: "work is done by the clock, or after a change", Sample: `extend type Task { sample: Boolean @every(cron: "0 7 * * 1") }`, phrases: []string{"background job", "background jobs", "cron", "schedule", "scheduled", "reminder", "queue"}},
	{Name: "webhooks", Title: "another system tells what it did, and proves that it is the one", Sample: `extend type Mutation { sample(body: JSON!): Boolean! @allow(when: "true") @signed(scheme: HMAC_SHA256, header: "X-Signature", secret: SAMPLE) }`, phrases: []string{"webhook", "webhooks"}},
	{Name: "services", Title: "modules run in processes of their own", Sample: `extend schema @service(name: "sample", modules: [notes])`, phrases: []string{"microservice", "microservices", "split the service", "separate service"}},
}

// WaitingBase is the design that the samples stand beside.
const WaitingBase = `extend schema @backend(name: "sample", module: "example.com/sample")
type User @entity %s @allow(do: READ, when: "this == viewer") { email: Email! @unique @personal }
type Note @entity @allow(do: [READ, CREATE], when: "owner == viewer") { owner: User! @readOnly @default(from: "viewer") }
`
