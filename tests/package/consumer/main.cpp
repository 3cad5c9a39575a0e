// A program that knows weir only as it is installed. No relay is there: what it publishes is answered by close().
#include <cstdio>

#include <weir/client.hpp>

int main() {
  int answered = 0;
  weir::client::Client client({.address = "127.0.0.1:1"});
  auto plan = client.subscribe({"acme-notes", "plan"}, {}).value();
  plan.publish("bytes", [&](const weir::client::Settled& settled) { answered += settled.error.has_value(); }).value();
  client.close();
  std::printf("answered %d\n", answered);
  return answered == 1 ? 0 : 1;
}
