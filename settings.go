package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"nightwire/api"
	"nightwire/realtime/daptin"
	"nightwire/realtime/directus"
	"nightwire/realtime/users"
	"nightwire/security"
	"nightwire/storage"
)

// settings are what the environment asks for.
type settings struct {
	port, hostname, listen string
	basePath               string
	keyFiles               api.KeyFiles // of HTTPS; none of them for plain HTTP
	insecureHTTP           bool
	proxies                api.Proxies
	cors                   bool
	corsOrigin             string
	testRoute              bool
	dataDir                string
	apiSecret              string
	defaultRoles           []string
	failDelay              time.Duration
	security               bool
	promptOnLoad           bool
	maxLimit               int
	dedupFallback          bool
	createdAtFallback      bool
	free                   []storage.Collection
	prune                  map[string]time.Duration // by collection
	searchTime             time.Duration
	mongoURI               string
	mongoNames             map[string]string // what collections are called in MongoDB, where it is not their own name
	ownChanges             bool
	holdback               time.Duration
	journalAge             time.Duration
	journalBytes           int64
	websocketOff           bool
	websocket              directus.Options // what an operator decides of it
	liveOff                bool
	livePath               string
	live                   daptin.Options // what an operator decides of it
	topics                 storage.TopicOptions
	users                  users.Options // what an operator decides of it
	usersPort              string        // the setting, or the file and the key, that says its port
	logLevel               slog.Level
	logJSON                bool
}

// setting is one environment variable. Names are Nightscout's where it has them; each is also read with the prefix
// CUSTOMCONNSTR_ and in lower case, as Nightscout does.
type setting struct {
	name     string
	others   []string // further names of the same setting
	fallback string
	help     string
	set      func(s *settings, value string) error
}

// table is the one list of settings: it reads the environment, and prints --help and the README's table.
var table = slices.Concat(generalTable, websocketTable, liveTable, usersTable)

// generalTable is the settings of everything but /websocket, /live and the Users event socket.
var generalTable = []setting{
	{"PORT", nil, "1337", "TCP port; 0 takes a free one",
		func(s *settings, v string) error { return setPort(&s.port, v) }},
	{"HOSTNAME", nil, "127.0.0.1", "address to listen on; ignored when it is the machine's own name, as containers set it",
		func(s *settings, v string) error { s.hostname = v; return nil }},
	{"LISTEN", nil, "", "host:port to listen on, before HOSTNAME and PORT",
		func(s *settings, v string) error { return setListen(&s.listen, v) }},
	{"BASE_PATH", nil, "", "path under which everything is served, such as /night",
		func(s *settings, v string) error { return setBasePath(&s.basePath, v) }},
	{"SSL_CERT", nil, "", "PEM file of the certificate for HTTPS; read again when it changes, as the other two are",
		func(s *settings, v string) error { s.keyFiles.Cert = v; return nil }},
	{"SSL_KEY", nil, "", "PEM file of its private key",
		func(s *settings, v string) error { s.keyFiles.Key = v; return nil }},
	{"SSL_CA", nil, "", "PEM file of further certificates to send with it",
		func(s *settings, v string) error { s.keyFiles.Chain = v; return nil }},
	{"INSECURE_USE_HTTP", nil, "false", "true serves plain HTTP where HTTPS can be had; else it is redirected, but for health and on a loopback address",
		func(s *settings, v string) error { return setBool(&s.insecureHTTP, v) }},
	{"TRUSTED_PROXIES", nil, "loopback,private", "addresses and ranges whose X-Forwarded-* headers are believed, separated by commas; loopback, private and none are names",
		func(s *settings, v string) (err error) { s.proxies, err = api.ParseProxies(v); return err }},
	{"ENABLE", nil, "", "features, separated by space or comma; cors lets pages of other origins call the REST API, others have no effect",
		func(s *settings, v string) error { s.cors = lists(v, "cors"); return nil }},
	{"CORS_ALLOW_ORIGIN", nil, "*", "the one origin whose pages may, such as https://page.example, or * for any",
		func(s *settings, v string) error { return setOrigin(&s.corsOrigin, v) }},
	{"NODE_ENV", nil, "", "where it is not set, development or test, /api/v3/test exists, which answers with nothing to who may read entries",
		func(s *settings, v string) error {
			s.testRoute = v == "" || v == "development" || v == "test"
			return nil
		}},
	{"CI", nil, "", "where it is set, /api/v3/test exists too",
		func(s *settings, v string) error { s.testRoute = s.testRoute || v != ""; return nil }},
	{"DATA_DIR", nil, "./data", "directory of the embedded engine's database and the generated keys; not used with MongoDB",
		func(s *settings, v string) error { s.dataDir = v; return nil }},
	{"API_SECRET", nil, "", "passphrase of the administrator, at least 12 characters; generated and kept in DATA_DIR when not set, but required with MongoDB",
		func(s *settings, v string) error { return setSecret(&s.apiSecret, v) }},
	{"AUTH_DEFAULT_ROLES", nil, "denied", "roles of everybody, separated by space, comma or colon; readable lets whoever has any token read all health data, and anybody hear alarms",
		func(s *settings, v string) error { s.defaultRoles = security.SplitRoles(v); return nil }},
	{"AUTH_FAIL_DELAY", nil, "5000", "milliseconds that a refused token or secret delays the next attempt from its address",
		func(s *settings, v string) error { return setMilliseconds(&s.failDelay, v) }},
	{"AUTHENTICATION_PROMPT_ON_LOAD", nil, "false", "true refuses subscriptions to alarms without a token or secret",
		func(s *settings, v string) error { return setBool(&s.promptOnLoad, v) }},
	{"API3_SECURITY_ENABLE", nil, "true", "false permits everything to everyone",
		func(s *settings, v string) error { return setBool(&s.security, v) }},
	{"API3_MAX_LIMIT", nil, "1000", "largest number of documents in an answer",
		func(s *settings, v string) error { return setCount(&s.maxLimit, v) }},
	{"API3_DEDUP_FALLBACK_ENABLED", nil, "true", "find duplicates of documents without identifier by their fields",
		func(s *settings, v string) error { return setBool(&s.dedupFallback, v) }},
	{"API3_CREATED_AT_FALLBACK_ENABLED", nil, "true", "take a missing date from created_at, and keep created_at",
		func(s *settings, v string) error { return setBool(&s.createdAtFallback, v) }},
	{"COLLECTIONS", nil, "", "further collections, separated by commas: name, name:int for counted ids or name:uuid, with columns in parentheses as in test:int(test,status,n),todo",
		func(s *settings, v string) error { return setCollections(&s.free, v) }},
	autoprune("devicestatus"), autoprune("entries"), autoprune("food"), autoprune("profile"), autoprune("settings"), autoprune("treatments"),
	{"SEARCH_TIMEOUT", nil, "5000", "milliseconds after which a search is given up, with an answer that names the fields without an index; 0 never",
		func(s *settings, v string) error { return setMilliseconds(&s.searchTime, v) }},
	{"MONGODB_URI", []string{"MONGO_CONNECTION", "STORAGE_URI"}, "", "connection string of a MongoDB that is used in place of the embedded engine; one without a database name means the database test",
		func(s *settings, v string) error { return setMongoURI(&s.mongoURI, v) }},
	mongoName("entries", "ENTRIES_COLLECTION", "MONGO_COLLECTION", "MONGO_ENTRIES_COLLECTION"),
	mongoName("treatments", "MONGO_TREATMENTS_COLLECTION"), mongoName("profile", "MONGO_PROFILE_COLLECTION"),
	mongoName("devicestatus", "MONGO_DEVICESTATUS_COLLECTION"), mongoName("food", "MONGO_FOOD_COLLECTION"), mongoName("settings", "MONGO_SETTINGS_COLLECTION"),
	{"MONGO_AUTHENTICATION_COLLECTIONS_PREFIX", nil, "auth_", "what the names of the collections of subjects and roles begin with in MongoDB",
		func(s *settings, v string) error { return setPrefix(s, v) }},
	{"CHANGES", nil, "all", "all tells changes that other programs write into the same MongoDB too, own does not",
		func(s *settings, v string) error { return setChoice(&s.ownChanges, v, "own", "all") }},
	{"HISTORY_HOLDBACK", nil, "1000", "milliseconds by which HISTORY stays behind the present while several nodes write to one MongoDB; more than their clocks differ",
		func(s *settings, v string) error { return setHoldback(&s.holdback, v) }},
	{"JOURNAL_DAYS", nil, "7", "days for which the journal of changes is kept: by the embedded engine, and on a MongoDB without change streams (others keep their own)",
		func(s *settings, v string) error { return setDays(&s.journalAge, v) }},
	{"JOURNAL_MB", nil, "256", "megabytes that this journal may take",
		func(s *settings, v string) error { return setMegabytes(&s.journalBytes, v) }},
	{"LOG_LEVEL", nil, "info", "debug, info, warn or error",
		func(s *settings, v string) error { return s.logLevel.UnmarshalText([]byte(v)) }},
	{"LOG_FORMAT", nil, "text", "text or json",
		func(s *settings, v string) error { return setChoice(&s.logJSON, v, "json", "text") }},
}

// autoprune is the setting of a collection's age limit.
func autoprune(collection string) setting {
	return setting{"API3_AUTOPRUNE_" + strings.ToUpper(collection), nil, "", "days for which documents of " + collection + " are kept; not set: for ever",
		func(s *settings, v string) error { return setPrune(s, collection, v) }}
}

// readSettings reads the environment through lookup. The error names the setting and never shows a secret value.
func readSettings(lookup func(string) (string, bool)) (settings, error) {
	var s settings
	for _, t := range table {
		value, ok := t.lookup(lookup)
		if !ok {
			value = t.fallback
		}
		if err := t.set(&s, value); err != nil {
			return s, fmt.Errorf("%s: %w", t.name, err)
		}
	}
	return s, errors.Join(s.checkMongoNames(), s.checkPaths(), s.checkUsersPort())
}

// lookup finds the setting under any of its names; an empty value counts as not set.
func (t setting) lookup(lookup func(string) (string, bool)) (string, bool) {
	for _, name := range append([]string{t.name}, t.others...) {
		for _, form := range []string{name, strings.ToLower(name), "CUSTOMCONNSTR_" + name, "CUSTOMCONNSTR_" + strings.ToLower(name)} {
			if v, ok := lookup(form); ok && v != "" {
				return v, true
			}
		}
	}
	return "", false
}

// readKeys is the TLS configuration, or nil where no certificate is set. The error names the setting.
func (s *settings) readKeys(log *slog.Logger) (*tls.Config, error) {
	if s.keyFiles == (api.KeyFiles{}) {
		return nil, nil
	}
	return api.NewTLS(s.keyFiles, log)
}

// address is where to listen.
func (s *settings) address() string {
	if s.listen != "" {
		return s.listen
	}
	host := s.hostname
	if own, err := os.Hostname(); err == nil && host == own {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, s.port)
}

// printSettings writes the table of settings in Markdown.
func printSettings(w io.Writer) {
	fmt.Fprintln(w, "| variable | default | meaning |\n|---|---|---|")
	for _, t := range table {
		names := append([]string{t.name}, t.others...)
		fmt.Fprintf(w, "| `%s` | %s | %s |\n", strings.Join(names, "`, `"), quoted(t.fallback), t.help)
	}
}

func quoted(v string) string {
	if v == "" {
		return ""
	}
	return "`" + v + "`"
}

func setPort(to *string, v string) error {
	if n, err := strconv.Atoi(v); err != nil || n < 0 || n > 65535 {
		return errors.New("must be a port number from 0 to 65535")
	}
	*to = v
	return nil
}

func setListen(to *string, v string) error {
	if v == "" {
		return nil
	}
	if _, _, err := net.SplitHostPort(v); err != nil {
		return errors.New("must be host:port, such as 0.0.0.0:1337")
	}
	*to = v
	return nil
}

func setBasePath(to *string, v string) error {
	if v == "" || v == "/" {
		return nil
	}
	clean := path.Clean("/" + v)
	if strings.ContainsAny(clean, "?#% ") {
		return errors.New("must be a plain path, such as /night")
	}
	*to = clean
	return nil
}

// lists tells whether a list separated by spaces and commas holds the word, in any case.
func lists(list, word string) bool {
	words := strings.FieldsFunc(strings.ToLower(list), func(r rune) bool { return r == ' ' || r == ',' })
	return slices.Contains(words, word)
}

func setOrigin(to *string, v string) error {
	u, err := url.Parse(v)
	if v != "*" && (err != nil || u.Host == "" || v != u.Scheme+"://"+u.Host) {
		return errors.New("must be an origin, such as https://page.example, or *")
	}
	*to = v
	return nil
}

func setSecret(to *string, v string) error {
	if v != "" && len(v) < security.MinSecret {
		return fmt.Errorf("must have at least %d characters; this is the passphrase that guards all data", security.MinSecret)
	}
	*to = v
	return nil
}

func setMilliseconds(to *time.Duration, v string) error {
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 0 {
		return errors.New("must be a number of milliseconds")
	}
	*to = time.Duration(n) * time.Millisecond
	return nil
}

func setDays(to *time.Duration, v string) error {
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || !(n > 0 && n <= 36500) {
		return errors.New("must be a number of days above 0")
	}
	*to = time.Duration(n * 24 * float64(time.Hour))
	return nil
}

func setPrune(s *settings, collection, v string) error {
	if v == "" {
		return nil
	}
	var age time.Duration
	if err := setDays(&age, v); err != nil {
		return err
	}
	if s.prune == nil {
		s.prune = map[string]time.Duration{}
	}
	s.prune[collection] = age
	return nil
}

func setMegabytes(to *int64, v string) error {
	n, err := strconv.ParseInt(v, 10, 32)
	if err != nil || n < 1 {
		return errors.New("must be a number of megabytes, at least 1")
	}
	*to = n << 20
	return nil
}

func setBool(to *bool, v string) error {
	switch strings.ToLower(v) {
	case "true", "on", "1":
		*to = true
	case "false", "off", "0":
		*to = false
	default:
		return errors.New("must be true or false")
	}
	return nil
}

func setCount(to *int, v string) error {
	n, err := strconv.Atoi(v)
	if err != nil || n < 1 || n > 1_000_000 {
		return errors.New("must be a number from 1 to 1000000")
	}
	*to = n
	return nil
}

func setChoice(to *bool, v, yes, no string) error {
	if v != yes && v != no {
		return fmt.Errorf("must be %s or %s", no, yes)
	}
	*to = v == yes
	return nil
}
