package lasting

import (
	"context"
	"net/http"
	"testing"
)

// That a caller has gone is told as well when the time that his request might take is over; that it is over ends nothing.
func TestCallersWhoGoLate(t *testing.T) {
	caller, leave := context.WithCancel(t.Context())
	request, cancel := Within(caller, 0)
	defer cancel()
	<-request.Done()
	r := (&http.Request{}).WithContext(request)
	ctx, end := Untimed(r)
	defer end(context.Canceled)
	other, endOther := Untimed(r)
	if ctx.Err() != nil {
		t.Fatal("it ends with the time of the request")
	}
	endOther(ErrEnding)
	if context.Cause(other) != ErrEnding {
		t.Errorf("it ends for %v", context.Cause(other))
	}
	leave()
	<-ctx.Done()
	if context.Cause(ctx) != context.Canceled {
		t.Errorf("it ends for %v", context.Cause(ctx))
	}
}
