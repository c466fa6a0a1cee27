package main

import (
	"errors"
	"fmt"
	"net"
	"strconv"

	"nightwire/realtime/users"
)

// maxUsersMessage is how many bytes a message to the Users event socket may be allowed to have.
const maxUsersMessage = 16 << 20

// usersTable is the settings of the Users event socket. The file comes first, so that the others win over it.
var usersTable = []setting{
	{"USERS_CONFIG", nil, "", "JSON file whose section websocket configures the Users event socket, as config.example.json does; the variables below win over it",
		setUsersConfig},
	{"USERS_PORT", nil, "", "TCP port of the Users event socket; 0, or set nowhere: there is none",
		setUsersPort},
	{"USERS_HOST", nil, "", "address for it to listen on; not set: that of the server",
		func(s *settings, v string) error {
			return given(v, func() error { s.users.Config.Host = v; return nil })
		}},
	{"USERS_APPROVED_DOMAINS", nil, "", "regular expressions, a JSON list or separated by blanks: clients whose Origin one of them matches may connect",
		setApproved},
	{"USERS_SOCKET_API_KEY", nil, "", "key for the header users-api-key: who shows it may connect from anywhere and do everything there",
		func(s *settings, v string) error {
			return given(v, func() error { s.users.Config.SocketAPIKey = v; return nil })
		}},
	{"USERS_DOCUMENT_EVENTS", nil, "", "false tells nothing about documents; not set: true",
		func(s *settings, v string) error {
			return given(v, func() error { return setBool(&s.users.Config.DocumentEvents, v) })
		}},
	{"USERS_USER_EVENTS", nil, "", "who hears of logins and of subjects, by name: all who may connect (not set: all), or restricted to who has the key and the subject itself",
		func(s *settings, v string) error {
			return given(v, func() error { return setOneOf(&s.users.Config.UserEvents, v, users.All, users.Restricted) })
		}},
	{"USERS_OPEN_META", nil, "", "true lets all who may connect read and write the meta of every subject, as the original does; not set: false",
		func(s *settings, v string) error {
			return given(v, func() error { return setBool(&s.users.Config.OpenMeta, v) })
		}},
	{"USERS_MAX_MESSAGE", nil, "1048576", "bytes of a message to the Users event socket; a longer one is ignored",
		func(s *settings, v string) error { return setBytes(&s.users.Wire.MaxMessage, v, maxUsersMessage) }},
	{"USERS_ECHO_RATE", nil, "20", "echoes per second of one socket there; those beyond are ignored",
		func(s *settings, v string) error { return setCount(&s.users.EchoRate, v) }},
}

// given sets what the environment gives, and else leaves what the file has said.
func given(v string, set func() error) error {
	if v == "" {
		return nil
	}
	return set()
}

// setUsersConfig reads the file. Its errors name the file, and the key.
func setUsersConfig(s *settings, v string) (err error) {
	s.users.Config = users.DefaultConfig()
	s.usersPort = "USERS_CONFIG: " + v + ": websocket.port"
	return given(v, func() error { s.users.Config, err = users.LoadConfig(v); return err })
}

func setUsersPort(s *settings, v string) error {
	return given(v, func() (err error) {
		s.usersPort = "USERS_PORT"
		if s.users.Config.Port, err = strconv.Atoi(v); err != nil || s.users.Config.Port < 0 || s.users.Config.Port > 65535 {
			return errors.New("must be a port number from 0 to 65535")
		}
		return nil
	})
}

func setApproved(s *settings, v string) error {
	return given(v, func() (err error) {
		if s.users.Config.ApprovedSocketDomains, err = users.ParseDomains(v); err != nil {
			return err
		}
		_, err = s.users.Config.Compile()
		return err
	})
}

// checkUsersPort refuses two listeners on one port. The error names the setting, or the file and the key.
func (s *settings) checkUsersPort() error {
	_, port, err := net.SplitHostPort(s.address())
	if err == nil && s.users.Config.Enabled() && port == strconv.Itoa(s.users.Config.Port) {
		return fmt.Errorf("%s: must not be the port of the server, %s", s.usersPort, port)
	}
	return nil
}

// usersAddress is where the Users event socket listens: on the server's address, unless it is told another.
func (s *settings) usersAddress() string {
	host := s.users.Config.Host
	if host == "" {
		host, _, _ = net.SplitHostPort(s.address()) // which always splits
	}
	return net.JoinHostPort(host, strconv.Itoa(s.users.Config.Port))
}

// usersWarnings are what is likely not meant, where there is a Users event socket.
func (s *settings) usersWarnings() []string {
	c := s.users.Config
	if !c.Enabled() {
		return nil
	}
	warnings := c.Warnings()
	if len(c.ApprovedSocketDomains) == 0 && c.SocketAPIKey == "" {
		warnings = append(warnings, "nobody may connect to the Users event socket: USERS_APPROVED_DOMAINS is empty and there is no key")
	}
	return warnings
}
