// A server of id-heartbeat (docs/PROTOCOL.md, whose rules are named here), on Gorilla's package as Debian has it:
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run examples/servers/go/server.go [-silence MS] [PORT]
package main

import (
	"crypto/rand"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/gorilla/websocket" // It is missing? apt-get install golang-github-gorilla-websocket-dev
)

var silence = flag.Int64("silence", 150_000, "ms after which a silent client is let go; more than its interval + timeout")

// L5: who reads nothing for so long, while there is something to be written, is cut off. Nothing waits for it but in the system's buffers.
const patience = 5 * time.Second

// Every page in a browser can dial, and says by its Origin whose it is: an Upgrader lets in none of others. Who the client is, serve() asks first.
var upgrader websocket.Upgrader
var clients sync.Map // of *websocket.Conn
var present sync.WaitGroup
var started = time.Now()

// T1: the system's clock jumps when it is set. So it is read once; what runs on, time.Since, is the monotonic one.
func now() int64 { return started.UnixMilli() + time.Since(started).Milliseconds() }

// One at a time: where the app sends from goroutines of its own, a mutex belongs around this.
func send(conn *websocket.Conn, text string) error {
	conn.SetWriteDeadline(time.Now().Add(patience))
	return conn.WriteMessage(websocket.TextMessage, []byte(text))
}

func goodbye(conn *websocket.Conn, code int) {
	conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, ""), time.Now().Add(time.Second))
}

func serve(w http.ResponseWriter, r *http.Request) {
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // L1: it has been answered, by an HTTP status.
	}
	present.Add(1)
	clients.Store(conn, true)
	defer part(conn)

	// L4: any frame is a sign of life, and so are pings and pongs. A timer may be late: what lies readable is read before anyone is judged.
	heardAt := now()
	hear := func() { atomic.StoreInt64(&heardAt, now()) }
	pong := conn.PingHandler()
	conn.SetPingHandler(func(payload string) error { hear(); return pong(payload) }) // L2
	conn.SetPongHandler(func(string) error { hear(); return nil })
	var judge *time.Timer
	judge = time.AfterFunc(time.Duration(*silence)*time.Millisecond, func() {
		time.Sleep(100 * time.Millisecond)
		if left := atomic.LoadInt64(&heardAt) + *silence - now(); left > 0 {
			judge.Reset(time.Duration(left) * time.Millisecond)
		} else {
			conn.Close() // G2: without a close frame.
		}
	})
	defer judge.Stop()

	id := make([]byte, 16)
	rand.Read(id)
	conn.SetReadLimit(65_536)                                             // What the app bears; beyond it 1009.
	err = send(conn, fmt.Sprintf(`{"id":"%x","now_time":%d}`, id, now())) // W1 to W5
	for err == nil {
		var kind int
		var message []byte
		kind, message, err = conn.ReadMessage() // G1: it answers a close frame, and tells who breaks RFC 6455, all but this:
		if err == nil && kind == websocket.TextMessage && !utf8.Valid(message) {
			goodbye(conn, websocket.CloseInvalidFramePayloadData)
			return
		}
		hear()
		if err == nil && kind == websocket.TextMessage && string(message) == "heartbeat" { // H6
			err = send(conn, fmt.Sprintf(`{"heartbeat":%d}`, now()))
		} // Else it is the app's. What takes time belongs into a goroutine of its own: heartbeats would wait behind it (H2, H5).
	}
}

// G1: a FIN behind what was written. To close on what was not read yet would be a reset, and could overtake the close frame.
func part(conn *websocket.Conn) {
	conn.UnderlyingConn().(*net.TCPConn).CloseWrite()
	conn.SetReadDeadline(time.Now().Add(time.Second))
	io.CopyN(io.Discard, conn.UnderlyingConn(), 1<<22)
	conn.Close()
	clients.Delete(conn)
	present.Done()
}

func main() {
	flag.Parse()
	listener, err := net.Listen("tcp", "127.0.0.1:"+append(flag.Args(), "8080")[0]) // 0: any that is free.
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("ws://%s\n", listener.Addr())
	// The times are for the upgrade, and end with it.
	server := http.Server{Handler: http.HandlerFunc(serve), ReadTimeout: patience, WriteTimeout: patience, ErrorLog: log.New(io.Discard, "", 0)}
	go server.Serve(listener)
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM, syscall.SIGINT)
	<-ended
	server.Close() // Of those that are not upgraded. G2: the others hear 1001; where another server is there at once, 1012 is better.
	clients.Range(func(conn, _ any) bool { go goodbye(conn.(*websocket.Conn), websocket.CloseGoingAway); return true })
	time.AfterFunc(2*time.Second, func() { os.Exit(0) }) // Who does not answer is not waited for any longer.
	present.Wait()
}
