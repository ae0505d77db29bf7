package app_test

import (
	"github.com/fettlehq/fettle/kit/designtest"
	"github.com/fettlehq/fettle/kit/openapitest"
)

// What the design promises is answered as the OpenAPI document says, too.
func init() { designtest.Around = openapitest.Handler }
