// One connection's life: hello, welcome, events, and the watch for silence. It never reconnects; the session makes a
// new one.
//
// Internal: Session drives it. Threads: one, the session's.
#pragma once

#include <deque>
#include <string>

#include "weir/client/errors.hpp"
#include "weir/client/timers.hpp"

namespace weir::client {

class ConnectionListener {
 public:
  virtual ~ConnectionListener() = default;
  /// Hands bytes to the connection.
  virtual void transmit(const frames::ClientEvent& event) = 0;
  virtual void welcomed(const frames::Welcome& welcome) = 0;
  virtual void event(const frames::ServerEvent& event) = 0;
  /// All events of one message have been handed over, or as many as may be for now.
  virtual void frame_end() = 0;
  /// Enough was made of the message so far: what follows in it waits for go_on().
  [[nodiscard]] virtual bool full() const = 0;
  /// Once, however it ended; not after close().
  virtual void closed(const ClientError& error) = 0;
};

class Connection {
 public:
  Connection(Timers& timers, Time now, ConnectionListener& listener);
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void opened(const frames::Hello& hello);
  void receive(const SharedBytes& message, Time now);
  /// With what waits of a message.
  void go_on(Time now);
  [[nodiscard]] bool waits() const { return !over_ && !waiting_.empty(); }
  void send(const frames::ClientEvent& event);
  /// Ends it without a word to the listener.
  void close();

 private:
  void end(ErrorKind kind, const std::string& what);
  void dispatch(const frames::ServerEvent& event, Time now);
  /// Looks again when the silence could be long enough; a message only moves heard_at_, so it costs no timer.
  void watch();

  Timers& timers_;
  ConnectionListener& listener_;
  Timer timer_;
  Time heard_at_{0};
  Time silence_max_{0};
  std::deque<frames::ServerEvent> waiting_;  ///< of the message that is being read
  bool opened_ = false;
  bool welcomed_ = false;
  bool over_ = false;
};

}  // namespace weir::client
