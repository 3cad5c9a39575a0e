// A mailbox: many threads put, one takes, nobody waits for a lock.
//
//   if (mailbox.put(std::move(message))) executor.post([&] { drain(); });   // true: it was empty, wake the owner
//   for (Message& message : mailbox.take()) ...
//
// A stack of nodes under one atomic pointer (Treiber, IBM RJ 5118, 1986): put() pushes with compare-and-swap; take()
// exchanges the whole stack for nothing and reverses it, so messages come out in the order they went in. Without pops
// of single nodes there is no ABA problem. Bounds are its users': each bounds what it may have under way.
//
// Threads: put() from any; take() from the owner.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace weir::runtime {

template <class Message>
class Mailbox {
 public:
  Mailbox() = default;
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox() { (void)take(); }

  /// True when the mailbox was empty: the owner must be woken.
  [[nodiscard]] bool put(Message message) {
    auto* node = std::make_unique<Node>(Node{std::move(message), nullptr}).release();
    Node* head = newest_.load(std::memory_order_relaxed);
    do {
      node->older = head;
    } while (!newest_.compare_exchange_weak(head, node, std::memory_order_release, std::memory_order_relaxed));
    return head == nullptr;
  }

  /// Everything put so far, oldest first.
  [[nodiscard]] std::vector<Message> take() {
    Node* node = newest_.exchange(nullptr, std::memory_order_acquire);
    Node* oldest = nullptr;
    std::size_t count = 0;
    for (; node != nullptr; ++count) {
      Node* older = node->older;
      node->older = oldest;
      oldest = std::exchange(node, older);
    }
    std::vector<Message> messages;
    messages.reserve(count);
    while (oldest != nullptr) {
      const std::unique_ptr<Node> owned(std::exchange(oldest, oldest->older));
      messages.push_back(std::move(owned->message));
    }
    return messages;
  }

 private:
  struct Node {
    Message message;
    Node* older;
  };
  std::atomic<Node*> newest_{nullptr};
};

}  // namespace weir::runtime
