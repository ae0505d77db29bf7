package optimize

import "context"

// OriginOf is what tells the database at url apart from others.
func OriginOf(ctx context.Context, url string) (string, error) {
	s, err := connect(ctx, url, readOnly)
	if err != nil {
		return "", err
	}
	defer s.close()
	return s.origin(ctx)
}
