package grpc_test

import (
	"strings"
	"testing"

	"connectrpc.com/connect"
)

func TestWrites(t *testing.T) {
	onEach(t, func(c *client) {
		c.expect("ann", "CreateArticle", `{"input":{"title":"New","status":"STATUS_OPEN","price":{"amount":"12.50","currency":"EUR"},"tags":["go"],
			"shelves":{"link":["sql"]},"comments":{"create":[{"body":"first"}]}},"readMask":"slug,price,tags.name,shelves.items.name,comments.items.body,version"}`,
			`{"article":{"version":1,"slug":"new","price":{"amount":"12.5","currency":"EUR"},"tags":[{"name":"go"}],"shelves":{"items":[{"name":"sql"}]},"comments":{"items":[{"body":"first"}]}}}`)
		c.expect("ann", "UpdateArticle", `{"id":"new","input":{"note":"said"},"version":1,"readMask":"note,version,title"}`, `{"article":{"version":2,"title":"New","note":"said"}}`)
		c.expect("ann", "UpdateArticle", `{"id":"new","input":{"note":"no"},"version":1}`, "aborted STALE")
		c.expect("ann", "UpdateArticle", `{"id":"new","input":{"title":"Newer"},"updateMask":"title,note,tags","readMask":"note,title,tags,price"}`,
			`{"article":{"title":"Newer","price":{"amount":"12.5","currency":"EUR"}}}`)
		c.expect("ann", "UpdateArticle", `{"id":"new","input":{},"updateMask":"title"}`, "invalid_argument INVALID input.title REQUIRED")
		c.expect("ann", "UpdateArticle", `{"id":"new","input":{},"updateMask":"titel"}`, "invalid_argument INVALID update_mask UNKNOWN_FIELD")
		c.expect("ann", "UpdateArticle", `{"id":"new","input":{},"updateMask":"price.amount"}`, "invalid_argument INVALID update_mask WRONG_FORMAT")
		c.expect("ann", "CreateArticle", `{"input":{"title":"New","slug":"01890a5d-ac96-774b-bcce-b302099a8057"}}`, "invalid_argument INVALID input.slug WRONG_FORMAT")
		c.expect("ann", "CreateComment", `{"input":{"article":"new","body":"more"},"readMask":"body,author.username"}`, `{"comment":{"author":{"username":"ann"},"body":"more"}}`)
		c.expect("ann", "UpdateArticle", `{"id":"new","input":{"comments":{"create":[{"body":"a"},{"body":""}],"delete":["nope"]}}}`,
			"invalid_argument INVALID input.comments.delete[0] NOT_FOUND")
		c.expect("bob", "DeleteArticle", `{"id":"new"}`, "permission_denied FORBIDDEN")
		c.expect("bob", "DeleteArticle", `{"id":"new","version":0}`, "permission_denied FORBIDDEN")
		c.expect("ann", "DeleteArticle", `{"id":"new","version":0}`, "aborted STALE")
		c.expect("ann", "DeleteArticle", `{"id":"new","version":9}`, "aborted STALE")
		c.expect("ann", "DeleteArticle", `{"id":"new"}`, `{}`)
		c.expect("ann", "GetArticle", `{"id":"new"}`, "not_found NOT_FOUND")
		c.expect("ann", "RestoreArticle", `{"id":"new","readMask":"title"}`, `{"article":{"title":"Newer"}}`)
		c.expect("ann", "ListArticleHistory", `{"id":"new","readMask":"verb,changes,by.username","pageSize":2}`, `{"articleHistories":[`+
			`{"by":{"username":"ann"},"verb":"RESTORE","changes":{}},{"by":{"username":"ann"},"verb":"DELETE","changes":{}}],"nextPageToken":"…"}`)
		c.expect("ann", "Publish", `{"article":"draft","readMask":"status"}`, `{"article":{"status":"STATUS_OPEN"}}`)
		c.expect("bob", "Publish", `{"article":"alpha"}`, "permission_denied FORBIDDEN")
		c.expect("", "Quote", `{"input":{"amount":"2.25","country":"DE"}}`, `{"result":{"amount":"4.5","currency":"EUR"}}`)
		if got := c.call("", "CreateFeedback", `{"input":{"text":"secret"}}`); !strings.HasPrefix(got, `{"feedback":{"id":"`) || strings.Contains(got, "secret") {
			c.Error("of a row that may not be read the id is told alone:", got)
		}
	})
}

func TestUnions(t *testing.T) {
	c := newClient(t)
	c.expect("ann", "CreateFlag", `{"input":{"about":{"article":"alpha"}},"readMask":"about.article.title,other,mates"}`, `{"flag":{"about":{"article":{"title":"Alpha"}},"mates":1}}`)
	c.expect("ann", "CreateFlag", `{"input":{"about":{"user":"bob"},"other":{"article":"beta"}},"readMask":"about,other.article.title"}`, `{"flag":{"about":{"user":{"id":"…","createdAt":"…","updatedAt":"…","version":1,"username":"bob"}},"other":{"article":{"title":"Beta"}}}}`)
	c.expect("ann", "ListFlags", `{"filter":{"about":{"user":{"username":{"eq":"bob"}}}},"readMask":"other.user"}`, `{"flags":[{"other":{"article":{"id":"…"}}}]}`)
	c.expect("ann", "ListFlags", `{"filter":{"other":{"isNull":true}},"readMask":"about.article.slug"}`, `{"flags":[{"about":{"article":{"slug":"alpha"}}}]}`)
}

// Every scalar comes back as it was sent, over both codecs, as protobuf's own messages write and read it.
func TestScalars(t *testing.T) {
	onEach(t, func(c *client) {
		const all = `"small":-7,"big":"-9007199254740993","weight":1.5,"yes":false,"exact":"12.5","at":"2030-01-02T03:04:05.000006Z","day":"2030-01-02",` +
			`"time":"03:04:05","takes":"-90.500s","ref":"01890a5d-ac96-774b-bcce-b302099a8057","mail":"a@example.com","link":"https://example.com/a",` +
			`"data":{"a":[1,null,"x",true,{"b":2.5}]},"raw":"aGk=","zone":"Europe/Rome","country":"IT","currency":"EUR","status":"STATUS_OPEN",` +
			`"words":["a","b"],"states":["STATUS_DRAFT","STATUS_OPEN"],"bigs":["1","-2"]`
		const names = "small,big,weight,yes,exact,at,day,time,takes,ref,mail,link,data,raw,zone,country,currency,status,words,states,bigs"
		for _, p := range protocols {
			c.codec = p.options
			c.expect("", "CreateSample", `{"input":{`+all+`},"readMask":"`+names+`"}`, `{"sample":{`+all+`}}`)
		}
		c.expect("", "CreateSample", `{"input":{"data":null},"readMask":"`+names+`"}`, `{"sample":{}}`)
		c.codec = protocols[0].options
		for input, want := range map[string]string{
			`"small":5,"weight":"NaN"`:        "invalid_argument INVALID input.weight WRONG_TYPE",
			`"exact":"x"`:                     "invalid_argument INVALID input.exact WRONG_FORMAT",
			`"day":"2030-13-01"`:              "invalid_argument INVALID input.day WRONG_FORMAT",
			`"status":"STATUS_UNSPECIFIED"`:   "invalid_argument INVALID input.status WRONG_FORMAT",
			`"status":7`:                      "invalid_argument INVALID input.status WRONG_FORMAT",
			`"words":["a","b","c","d"]`:       "invalid_argument INVALID input.words TOO_LONG",
			`"mail":"x"`:                      "invalid_argument INVALID input.mail WRONG_FORMAT",
			`"bigs":["9223372036854775807"]`:  `{"sample":{"bigs":["9223372036854775807"]}}`,
			`"takes":"315576000000s"`:         "invalid_argument INVALID input.takes WRONG_FORMAT",
			`"at":"0001-01-01T00:00:00Z"`:     `{"sample":{"at":"0001-01-01T00:00:00Z"}}`,
			`"at":"9999-12-31T23:59:59.999Z"`: `{"sample":{"at":"9999-12-31T23:59:59.999Z"}}`,
		} {
			c.expect("", "CreateSample", `{"input":{`+input+`},"readMask":"`+names+`"}`, want)
		}
	})
}

// A request that comes again under its key is done once.
func TestRepeatedRequests(t *testing.T) {
	onEach(t, func(c *client) {
		const tag = `{"input":{"name":"new"}}`
		first, header := c.answer("ann", "CreateTag", tag, "Idempotency-Key", "k")
		again, repeated := c.answer("ann", "CreateTag", tag, "Idempotency-Key", "k")
		if first != again || header.Get("Idempotency-Replayed") != "" || repeated.Get("Idempotency-Replayed") != "true" {
			c.Errorf("%s %v\n%s %v", first, header, again, repeated)
		}
		c.expect("ann", "CreateTag", `{"input":{"name":"newer"}}`, "invalid_argument IDEMPOTENCY_KEY_REUSED", "Idempotency-Key", "k")
		c.expect("ann", "CreateTag", tag, "already_exists CONFLICT input.name TAKEN", "Idempotency-Key", "other")
		c.expect("ann", "CreateTag", tag, "invalid_argument MALFORMED", "Idempotency-Key", "a b")
		c.codec = []connect.ClientOption{connect.WithProtoJSON()}
		c.expect("ann", "CreateTag", tag, "invalid_argument IDEMPOTENCY_KEY_REUSED", "Idempotency-Key", "k")
		c.world.Collide(1)
		c.expect("ann", "CreateTag", `{"input":{"name":"late"},"readMask":"name"}`, `{"tag":{"name":"late"}}`)
		c.world.Collide(9)
		c.expect("ann", "CreateTag", `{"input":{"name":"later"},"readMask":"name"}`, "unavailable UNAVAILABLE 1s")
	})
}
