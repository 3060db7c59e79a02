package dhcp

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// server is an asker that answers as a test wants.
type server struct {
	began time.Time
	said  []string
	// grant is asked with "acquire", "renew" or "rebind".
	grant func(question string) (offer, error)
}

func (s *server) note(format string, args ...any) {
	s.said = append(s.said, fmt.Sprintf("%v "+format, append([]any{time.Since(s.began)}, args...)...))
}

func (s *server) ask(ctx context.Context, question string) (offer, error) {
	s.note("%s", question)
	got, err := s.grant(question)
	if err != nil && !errors.Is(err, errRefused) {
		sleep(ctx, 7*time.Second) // that the library tries for
	}
	return got, err
}

func (s *server) acquire(ctx context.Context) (offer, error) { return s.ask(ctx, "acquire") }

func (s *server) extend(ctx context.Context, any bool) (offer, error) {
	if any {
		return s.ask(ctx, "rebind")
	}
	return s.ask(ctx, "renew")
}

func leaseOf(address string, seconds uint32) offer {
	o := offer{Lease: Lease{Address: netip.MustParsePrefix(address), Seconds: seconds}}
	o.times(0, 0)
	return o
}

var errSilence = errors.New("no server answers")

func TestClient(t *testing.T) {
	const a, b = "192.0.2.53/24", "192.0.2.54/24"
	for _, tt := range []struct {
		name  string
		ran   time.Duration
		grant func(began time.Time) func(string) (offer, error)
		want  []string
	}{
		{"renews for ever", 200 * time.Second,
			func(time.Time) func(string) (offer, error) {
				return func(string) (offer, error) { return leaseOf(a, 120), nil }
			},
			[]string{"0s acquire", "0s has " + a, "1m0s renew", "1m0s has " + a, "2m0s renew", "2m0s has " + a, "3m0s renew", "3m0s has " + a}},
		{"a lease for ever is not renewed", time.Hour,
			func(time.Time) func(string) (offer, error) {
				return func(string) (offer, error) { return leaseOf(a, 0), nil }
			},
			[]string{"0s acquire", "0s has " + a}},
		{"another address", 90 * time.Second,
			func(time.Time) func(string) (offer, error) {
				return func(question string) (offer, error) {
					if question == "renew" {
						return leaseOf(b, 120), nil
					}
					return leaseOf(a, 120), nil
				}
			},
			[]string{"0s acquire", "0s has " + a, "1m0s renew", "1m0s has " + b}},
		{"refused", 61 * time.Second,
			func(time.Time) func(string) (offer, error) {
				return func(question string) (offer, error) {
					if question == "renew" {
						return offer{}, errRefused
					}
					return leaseOf(a, 120), nil
				}
			},
			[]string{"0s acquire", "0s has " + a, "1m0s renew", "1m0s lost: the server does not extend it", "1m0s acquire", "1m0s has " + a}},
		{"its server is gone, another extends it", 112 * time.Second,
			func(time.Time) func(string) (offer, error) {
				return func(question string) (offer, error) {
					if question == "renew" {
						return offer{}, errSilence
					}
					return leaseOf(a, 120), nil
				}
			},
			[]string{"0s acquire", "0s has " + a, "1m0s renew", "1m26s renew", "1m39s renew", "1m51s rebind", "1m51s has " + a}},
		{"all servers are gone, and one comes back", 150 * time.Second,
			func(began time.Time) func(string) (offer, error) {
				return func(question string) (offer, error) {
					if t := time.Since(began); t > time.Second && t < 140*time.Second {
						return offer{}, errSilence
					}
					return leaseOf(a, 120), nil
				}
			},
			[]string{"0s acquire", "0s has " + a, "1m0s renew", "1m26s renew", "1m39s renew", "1m51s rebind",
				"2m0s lost: no server has extended it within its 2m0s", "2m0s acquire",
				"2m7s says eth0: ask for a lease of IPv4: no server answers; goes on asking",
				"2m8s acquire", "2m17s acquire", "2m28s acquire", "2m28s has " + a}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{began: time.Now()}
				s.grant = tt.grant(s.began)
				c := client{link: "eth0", version: 4, asker: s,
					report: func(r Report) {
						if r.Lease == nil {
							s.note("lost: %s", r.Why)
						} else {
							s.note("has %s", r.Lease.Address)
						}
					},
					say: func(format string, args ...any) { s.note("says "+format, args...) },
				}
				ctx, cancel := context.WithTimeout(t.Context(), tt.ran)
				defer cancel()
				c.run(ctx)
				if diff := cmp.Diff(tt.want, s.said); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}
