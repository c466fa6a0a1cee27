package v3

import "net/http"

// alarm is POST /alarms: a notification for the listeners of /alarm, which the original has no request for. It is said when
// it was kept back because its level and group are silenced.
func (r *request) alarm() error {
	notification, err := r.document()
	if err != nil {
		return err
	}
	asked, answered := r.awaited()
	defer answered()
	silenced, err := r.Alarms.Send(r.ctx(), asked, notification)
	if err != nil {
		return err
	}
	body := `{"status":201}`
	if silenced {
		body = `{"status":201,"silenced":true}`
	}
	return r.write(http.StatusCreated, []byte(body))
}
