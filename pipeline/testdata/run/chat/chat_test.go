package service_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/chat/app"
	"example.com/chat/chat"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/server"
)

func running(t *testing.T, test func(w *world, ada, alan, grace client)) {
	onBoth(t, func() server.Service { return app.New(chat.New()) }, func(w *world) {
		test(w, member(w, "ada", chat.RoleMember), member(w, "alan", chat.RoleMember), member(w, "grace", chat.RoleModerator))
	})
}

func member(w *world, name string, role chat.Role) client {
	return w.person(name, func(ctx context.Context, tx *query.Tx, email string) (kit.ID, error) {
		return chat.NewTx(tx).Users.Create(ctx, chat.NewUser{Email: email, Handle: name, Name: name, Role: &role})
	})
}

// talk starts a conversation.
func talk(from client, with ...client) string {
	from.t.Helper()
	ids := make([]string, len(with))
	for i, c := range with {
		ids[i] = c.id
	}
	return from.want(http.StatusOK, "POST", "/v1/start-conversation", object{"with": ids})["id"].(string)
}

// say writes a message.
func say(from client, conversation, body string) object {
	from.t.Helper()
	return from.want(http.StatusCreated, "POST", "/v1/messages", object{"conversation": conversation, "body": body})
}

func TestOnlyWhoHasASeatReadsAndWrites(t *testing.T) {
	running(t, func(w *world, ada, alan, grace client) {
		room := talk(ada, alan)
		if again := talk(alan, ada); again != room {
			t.Errorf("a pair has one conversation, not %s and %s", room, again)
		}
		say(ada, room, "hello")
		ada.items(1, "/v1/conversations")
		grace.items(0, "/v1/conversations")
		grace.items(0, "/v1/messages")
		grace.want(http.StatusNotFound, "GET", "/v1/conversations/"+room, nil)
		grace.refused(http.StatusUnprocessableEntity, "NOT_FOUND", "POST", "/v1/messages", object{"conversation": room, "body": "me too"})
		seat := alan.items(1, "/v1/seats?user="+alan.id)[0]["id"].(string)
		alan.want(http.StatusNoContent, "PATCH", "/v1/seats/"+seat, object{"leftAt": "2026-01-01T00:00:00Z"})
		alan.items(0, "/v1/conversations")
		alan.items(0, "/v1/messages")
		ada.want(http.StatusOK, "POST", "/v1/conversations/"+room+"/leave", nil) // the last one may go
	})
}

func TestMessagesAreNumberedAndUnreadIsCounted(t *testing.T) {
	running(t, func(w *world, ada, alan, _ client) {
		room := talk(ada, alan)
		for i, text := range []string{"one", "two", "three"} {
			if n := say(ada, room, text)["number"]; n != float64(i+1) {
				t.Errorf("message %d has the number %v", i+1, n)
			}
		}
		say(alan, room, "four")
		unread := func(c client, want float64) {
			t.Helper()
			if got := c.graphql(`{ conversations { nodes { unread seat { user { handle } } } } }`)["conversations"].(object)["nodes"].([]any)[0].(object)["unread"]; got != want {
				t.Errorf("%v unread, want %v", got, want)
			}
		}
		unread(alan, 3)
		unread(ada, 1)
		seat := alan.items(1, "/v1/seats?user="+alan.id)[0]["id"].(string)
		alan.want(http.StatusOK, "PATCH", "/v1/seats/"+seat, object{"readTo": 2})
		unread(alan, 1)
		alan.refused(http.StatusUnprocessableEntity, "ALREADY_READ", "PATCH", "/v1/seats/"+seat, object{"readTo": 1})
		ada.refused(http.StatusForbidden, "FORBIDDEN", "PATCH", "/v1/seats/"+seat, object{"readTo": 4})
	})
}

func TestBlockedPeopleSeeNothingOfEachOther(t *testing.T) {
	running(t, func(w *world, ada, alan, grace client) {
		ada.want(http.StatusCreated, "POST", "/v1/blocks", object{"blocked": alan.id})
		ada.refused(http.StatusUnprocessableEntity, "BLOCKING_ONESELF", "POST", "/v1/blocks", object{"blocked": ada.id})
		alan.want(http.StatusNotFound, "GET", "/v1/users/ada", nil)
		alan.want(http.StatusNotFound, "POST", "/v1/start-conversation", object{"with": []string{ada.id}})
		alan.items(0, "/v1/blocks")
		alan.refused(http.StatusUnprocessableEntity, "NOT_FOUND", "POST", "/v1/reports", object{"subject": object{"user": "ada"}, "reason": "SPAM"})
		grace.want(http.StatusOK, "GET", "/v1/users/ada", nil)
	})
}

func TestMessagesAndPeopleAreReported(t *testing.T) {
	running(t, func(w *world, ada, alan, grace client) {
		room := talk(ada, alan)
		spam := say(ada, room, "buy now")["id"].(string)

		// Just one member, known and visible.
		alan.want(http.StatusUnprocessableEntity, "POST", "/v1/reports", object{"reason": "SPAM"})
		alan.want(http.StatusUnprocessableEntity, "POST", "/v1/reports", object{"subject": nil, "reason": "SPAM"})
		alan.want(http.StatusUnprocessableEntity, "POST", "/v1/reports", object{"subject": object{}, "reason": "SPAM"})
		alan.want(http.StatusUnprocessableEntity, "POST", "/v1/reports", object{"subject": object{"message": spam, "user": "ada"}, "reason": "SPAM"})
		alan.want(http.StatusUnprocessableEntity, "POST", "/v1/reports", object{"subject": object{"seat": spam}, "reason": "SPAM"})
		grace.refused(http.StatusUnprocessableEntity, "NOT_FOUND", "POST", "/v1/reports", object{"subject": object{"message": spam}, "reason": "SPAM"})

		report := alan.want(http.StatusCreated, "POST", "/v1/reports", object{"subject": object{"message": spam}, "reason": "SPAM"})
		alan.same(report["subject"], object{"message": object{"id": spam}})
		alan.want(http.StatusConflict, "POST", "/v1/reports", object{"subject": object{"message": spam}, "reason": "ABUSE"})
		made := alan.graphql(`mutation { createReport(input: {subject: {user: "ada"}, reason: ABUSE}) { subject { __typename ... on User { handle } } } }`)
		alan.same(made["createReport"], object{"subject": object{"__typename": "User", "handle": "ada"}})
		alan.want(http.StatusConflict, "POST", "/v1/reports", object{"subject": object{"user": ada.id}, "reason": "ABUSE"})
		if answer := alan.want(http.StatusOK, "POST", "/graphql", object{"query": `mutation { createReport(input: {subject: {user: "ada", message: "x"}, reason: SPAM}) { id } }`}); answer["errors"] == nil {
			t.Error("a union of two members was taken")
		}

		// The moderator, who is not inside, reads what was reported.
		told := grace.graphql(`{ openReports { nodes { reason subject { ...what } } } } fragment what on Reportable { ... on Message { body author { handle } } ... on User { name } }`)
		grace.same(told["openReports"].(object)["nodes"], []object{
			{"reason": "SPAM", "subject": object{"body": "buy now", "author": object{"handle": "ada"}}},
			{"reason": "ABUSE", "subject": object{"name": "ada"}},
		})
		alan.same(alan.items(1, "/v1/reports?subject.user=ada&include=subject")[0]["subject"].(object)["user"].(object)["handle"], "ada")
		alan.items(1, "/v1/reports?subject.message.body=buy%20now")
		alan.items(1, "/v1/reports?subject.user.isNull=true")
		alan.same(alan.graphql(`{ reports(where: {subject: {message: {body: {contains: "buy"}}}}) { totalCount } }`), object{"reports": object{"totalCount": 1}})
		alan.same(alan.graphql(`{ reports(where: {not: {subject: {user: {handle: {eq: "ada"}}}}}) { totalCount } }`), object{"reports": object{"totalCount": 1}})
		alan.same(alan.graphql(`{ reports(where: {subject: {isNull: true}}) { totalCount } }`), object{"reports": object{"totalCount": 0}})
		ada.items(0, "/v1/reports")

		id := report["id"].(string)
		alan.refused(http.StatusForbidden, "FORBIDDEN", "POST", "/v1/reports/"+id+"/close", object{"hide": true})
		grace.want(http.StatusOK, "POST", "/v1/reports/"+id+"/close", object{"hide": true})

		// A hidden message is no longer seen, as the subject of a report neither.
		alan.items(0, "/v1/messages")
		alan.same(alan.want(http.StatusOK, "GET", "/v1/reports/"+id, nil)["subject"], nil)
		alan.same(alan.graphql(`{ report(id: "` + id + `") { subject { __typename } } }`), object{"report": object{"subject": nil}})
		alan.items(0, "/v1/reports?subject.message="+spam)
		history := alan.graphql(`{ report(id: "` + id + `") { history { nodes { verb changes } } } }`)["report"].(object)["history"].(object)["nodes"].([]any)
		if created := history[len(history)-1].(object); created["verb"] != "CREATE" || created["changes"].(object)["reason"] != "SPAM" || created["changes"].(object)["subject"] != nil {
			t.Errorf("the history shows %v", created)
		}
	})
}

func TestHistoryTellsWhatWasReported(t *testing.T) {
	running(t, func(w *world, ada, alan, _ client) {
		id := alan.want(http.StatusCreated, "POST", "/v1/reports", object{"subject": object{"user": ada.id}, "reason": "SPAM"})["id"].(string)
		entry := alan.items(1, "/v1/reports/"+id+"/history")[0]
		alan.same(entry["changes"], object{"reason": "SPAM", "reporter": alan.id, "subject": object{"user": ada.id}})
	})
}

func TestMutedPeopleWriteNothing(t *testing.T) {
	running(t, func(w *world, ada, alan, grace client) {
		room := talk(ada, alan)
		id := alan.want(http.StatusCreated, "POST", "/v1/reports", object{"subject": object{"user": "ada"}, "reason": "ABUSE"})["id"].(string)
		grace.want(http.StatusOK, "POST", "/v1/reports/"+id+"/close", object{"hide": true})
		ada.refused(http.StatusForbidden, "FORBIDDEN", "POST", "/v1/messages", object{"conversation": room, "body": "hello?"})
		say(alan, room, "peace")
	})
}

func TestDeletedMessagesAreGoneAndSearchFindsTheRest(t *testing.T) {
	running(t, func(w *world, ada, alan, grace client) {
		room := talk(ada, alan)
		lost := say(ada, room, "kept secrets")["id"].(string)
		say(ada, room, "open secrets")
		alan.items(2, "/v1/search-messages?words=secrets")
		ada.want(http.StatusNoContent, "DELETE", "/v1/messages/"+lost, nil)
		alan.items(1, "/v1/search-messages?words=secrets")
		grace.items(0, "/v1/search-messages?words=secrets")
	})
}

// events subscribes and returns what gives the data of the next event: "" at the end.
func events(c client, query string) (status int, next func() string) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), time.Minute)
	c.t.Cleanup(cancel)
	body, err := json.Marshal(object{"query": query})
	if err != nil {
		c.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(ctx, "POST", c.url+"/graphql", bytes.NewReader(body))
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.token)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() { answer.Body.Close() })
	lines := bufio.NewScanner(answer.Body)
	return answer.StatusCode, func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		return ""
	}
}

// Who has a seat hears what is said and changed in his conversation, as he may read it, and nothing more once he has left.
func TestMessagesAreHeard(t *testing.T) {
	running(t, func(w *world, ada, alan, grace client) {
		room, other := talk(ada, alan), talk(ada, grace)
		const query = `subscription { messages(conversation: "ROOM") { body author { handle } } }`
		status, heard := events(alan, strings.Replace(query, "ROOM", room, 1))
		if status != http.StatusOK {
			t.Fatalf("alan: %d", status)
		}
		if status, _ := events(grace, strings.Replace(query, "ROOM", room, 1)); status != http.StatusNotFound {
			t.Errorf("grace: %d", status)
		}
		want := func(data string) {
			t.Helper()
			if got := heard(); got != data {
				t.Fatalf("heard %s, want %s", got, data)
			}
		}
		say(ada, other, "not for alan")
		said := say(ada, room, "hello")["id"].(string)
		want(`{"data":{"messages":{"body":"hello","author":{"handle":"ada"}}}}`)
		ada.want(http.StatusOK, "PATCH", "/v1/messages/"+said, object{"body": "hallo"})
		want(`{"data":{"messages":{"body":"hallo","author":{"handle":"ada"}}}}`)
		seat := alan.items(1, "/v1/seats?user="+alan.id)[0]["id"].(string)
		alan.want(http.StatusNoContent, "PATCH", "/v1/seats/"+seat, object{"leftAt": "2026-01-01T00:00:00Z"})
		say(ada, room, "he is gone")
		if got := heard(); !strings.Contains(got, `"code":"NOT_FOUND"`) || strings.Contains(got, "gone") {
			t.Errorf("after leaving alan hears %s", got)
		}
	})
}
