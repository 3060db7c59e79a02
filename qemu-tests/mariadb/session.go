package mariadb

// HasSession tells whether the session of that CONNECTION_ID() is open.
func (s *Server) HasSession(id int) bool {
	s.t.Helper()
	var count int
	row := s.root.QueryRow("select count(*) from information_schema.processlist where id = ?", id)
	if err := row.Scan(&count); err != nil {
		s.t.Fatalf("list the sessions of server %d: %v", s.ID, err)
	}
	return count > 0
}

// Running tells whether a session runs the statement.
func (s *Server) Running(statement string) bool {
	s.t.Helper()
	var count int
	row := s.root.QueryRow("select count(*) from information_schema.processlist where info = ?", statement)
	if err := row.Scan(&count); err != nil {
		s.t.Fatalf("list the statements of server %d: %v", s.ID, err)
	}
	return count > 0
}
