// Go net/http with a pool of Redis connections: GET, then XADD. Standard library only, so that
// building it fetches nothing; the client is what a pooled one does for these two commands.
package main

import (
	"bufio"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

type connection struct {
	*bufio.ReadWriter
}

// call sends one command and returns its bulk reply; a nil reply is nil.
func (c *connection) call(args ...string) ([]byte, error) {
	fmt.Fprintf(c, "*%d\r\n", len(args))
	for _, arg := range args {
		c.WriteString("$" + strconv.Itoa(len(arg)) + "\r\n" + arg + "\r\n")
	}
	if err := c.Flush(); err != nil {
		return nil, err
	}
	line, err := c.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if line[0] != '$' {
		return nil, fmt.Errorf("redis: %q", line)
	}
	size, err := strconv.Atoi(string(line[1 : len(line)-2]))
	if err != nil || size < 0 {
		return nil, err
	}
	reply := make([]byte, size+2)
	_, err = io.ReadFull(c, reply)
	return reply[:size], err
}

type pool struct {
	address string
	free    chan *connection
}

func (p *pool) take() (*connection, error) {
	select {
	case c := <-p.free:
		return c, nil
	default:
		socket, err := net.Dial("tcp", p.address)
		if err != nil {
			return nil, err
		}
		return &connection{bufio.NewReadWriter(bufio.NewReader(socket), bufio.NewWriter(socket))}, nil
	}
}

func (p *pool) put(c *connection) {
	select {
	case p.free <- c:
	default: // more than the pool keeps: the collector closes it
	}
}

func (p *pool) redirect(w http.ResponseWriter, r *http.Request) {
	code := r.URL.Path[1:]
	c, err := p.take()
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	target, err := c.call("GET", "target:"+code)
	if err == nil && target == nil {
		p.put(c)
		http.NotFound(w, r)
		return
	}
	if err == nil {
		ip, _, _ := net.SplitHostPort(r.RemoteAddr)
		_, err = c.call("XADD", "clicks:stream", "MAXLEN", "~", "1000000", "*",
			"short_code", code, "timestamp", strconv.FormatInt(time.Now().Unix(), 10), "ip", ip,
			"user_agent", r.UserAgent(), "referer", r.Referer(), "original_url", string(target))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	p.put(c)
	w.Header().Set("Location", string(target))
	w.Header().Set("Cache-Control", "private, max-age=0, no-store")
	w.WriteHeader(http.StatusFound)
}

func main() {
	p := &pool{"127.0.0.1:" + os.Getenv("REDIS_PORT"), make(chan *connection, 512)}
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(p.redirect)))
}
