/*
 * OMPG_FOR in C++17: in templates, lambdas and member functions, with references and objects of the body's
 * own; stops, limits and errors as in C.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <deque>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace
{

int failures = 0;

void check(bool held, const char *what, int threads)
{
    if (!held)
        std::printf("failed with %d threads: %s\n", threads, what);
    failures += !held;
}

struct freeing {
    void operator()(ompg_group *group) const
    {
        ompg_free(group);
    }
};
using owner = std::unique_ptr<ompg_group, freeing>;

ompg_loop_options grained(std::size_t grain)
{
    ompg_loop_options options{};
    options.grain = grain;
    return options;
}

owner group_of(int threads, bool deterministic = false)
{
    ompg_options options{};
    options.threads = threads;
    options.deterministic = deterministic;
    return owner(ompg_new(&options));
}

template <typename T> void add_scaled(ompg_group *group, std::vector<T> &to, const T &factor)
{
    OMPG_FOR(group, i, 0, to.size()) {
        if (i % 3 == 0)
            continue;
        to[i] += factor * static_cast<T>(i);
    }
}

template <typename T> void templates(int threads)
{
    owner group = group_of(threads);
    std::vector<T> values(10001, T(1));
    add_scaled(group.get(), values, T(2));
    bool right = true;
    for (std::size_t i = 0; i < values.size(); i++)
        right &= values[i] == (i % 3 == 0 ? T(1) : T(1 + 2 * i));
    check(right, "a template's loop", threads);
    check(ompg_wait(group.get()) == 0, "no error", threads);
}

void lambdas_and_objects(int threads)
{
    owner group = group_of(threads);
    std::vector<std::string> texts(500);
    auto fill = [&](const std::string &prefix) {
        OMPG_FOR_OPT(group.get(), i, 0, texts.size(), grained(7)) {
            std::string text = prefix + std::to_string(i);
            texts[i] += text;
        }
    };
    fill("a");
    fill("b");
    bool right = true;
    for (std::size_t i = 0; i < texts.size(); i++)
        right &= texts[i] == "a" + std::to_string(i) + "b" + std::to_string(i);
    check(right, "a lambda's loop", threads);
}

struct counter {
    std::atomic<std::size_t> count{0};

    void run(ompg_group *group, std::size_t n)
    {
        OMPG_FOR(group, i, 0, n)
            count += i + 1;
    }
};

void methods_and_nesting(int threads)
{
    owner group = group_of(threads);
    counter all;
    OMPG_FOR_OPT(group.get(), i, 0, 20, grained(1)) {
        all.run(OMPG_DEFAULT, static_cast<std::size_t>(i));
        all.run(group.get(), 10);
    }
    check(all.count == 20 * 55 + 1330, "a method's loop in a loop", threads);
}

void errors(int threads)
{
    owner group = group_of(threads, true);
    std::vector<char> done(3000);
    OMPG_FOR(group.get(), i, 0, done.size()) {
        done[i] = 1;
        if (i % 1000 == 999)
            ompg_fail_at(group.get(), i, EIO, "iteration %zu", i);
    }
    ompg_error error{};
    check(ompg_wait(group.get()) == EIO, "the code", threads);
    check(ompg_get_error(group.get(), &error) == 1 && error.index == 999, "the lowest", threads);
    check(std::string(error.message) == "iteration 999", "the message", threads);
    for (std::size_t i = 0; i <= 999; i++)
        check(done[i] != 0, "an iteration below the error", threads);
    ompg_reset(group.get());
    templates<double>(threads);
}

void stops(int threads)
{
    owner group = group_of(threads);
    std::atomic<int> after{0};
    OMPG_FOR_OPT(group.get(), i, 0, 1000000000, grained(1)) {
        if (i == 1000)
            ompg_cancel(group.get(), 0);
    }
    OMPG_FOR(group.get(), i, 0, 10)
        after++;
    check(ompg_wait(group.get()) == ECANCELED, "cancelled", threads);
    check(after == 0, "nothing runs after the stop", threads);
}

/* ---- indices ---- */

template <typename index_type> void integers(int threads)
{
    owner group = group_of(threads);
    std::vector<std::atomic<int>> times(50);
    index_type first = 7, past = 57;
    OMPG_FOR(group.get(), i, first, past) {
        static_assert(std::is_same<decltype(i), index_type>::value, "the type of the bounds");
        times[static_cast<std::size_t>(i - first)]++;
    }
    OMPG_FOR(group.get(), i, past, first)
        times[0]++;
    OMPG_FOR_STEP(group.get(), i, past - 1, first, -1)
        times[static_cast<std::size_t>(i - first)]++;
    times[0]++;
    bool right = true;
    for (auto &count : times)
        right &= count == 2;
    check(right && ompg_wait(group.get()) == 0, "integers", threads);
}

/* Of a container with random access, from one iterator to the other. */
template <typename container> void iterators(int threads)
{
    owner group = group_of(threads);
    container values;
    int number = 0;
    for (auto &value : values)
        value = number++;
    OMPG_FOR(group.get(), at, values.begin(), values.end()) {
        static_assert(std::is_same<decltype(at), typename container::iterator>::value, "iterators");
        *at *= 2;
    }
    OMPG_FOR_STEP(group.get(), at, values.end() - 1, values.begin(), -2)
        *at += 1;
    long sum = 0;
    OMPG_FOR(group.get(), at, values.cbegin(), values.cend(), reduction(+ : sum))
        sum += *at;
    long n = static_cast<long>(values.size());
    check(sum == n * (n - 1) + n / 2 && ompg_wait(group.get()) == 0, "iterators", threads);
}

struct hundred : std::vector<int> {
    hundred() : std::vector<int>(100) {}
};

struct queue_of_hundred : std::deque<int> {
    queue_of_hundred() : std::deque<int>(100) {}
};

void limits(int threads)
{
    owner group = group_of(threads);
    std::atomic<int> runs{0};
    OMPG_FOR(group.get(), i, INT_MAX - 10, INT_MAX)
        runs += i > 0;
    OMPG_FOR(group.get(), i, INT_MIN, INT_MIN + 10)
        runs += i < 0;
    OMPG_FOR(group.get(), i, ULLONG_MAX - 10, ULLONG_MAX)
        runs += i > 0;
    std::size_t none = 0;
    OMPG_FOR(group.get(), i, 1, none - 1)
        runs += i > 0;
    check(runs == 30 && ompg_wait(group.get()) == 0, "limits of types", threads);
}

/* ---- clauses, two loops, teams ---- */

void clauses(int threads)
{
    owner group = group_of(threads);
    std::string prefix = "a";
    long sum = 0;
    int last = 0;
    ompg_loop_options fixed{};
    fixed.schedule = OMPG_STATIC;
    OMPG_FOR(group.get(), i, 0, 100, reduction(+ : sum), firstprivate(prefix)) {
        prefix += "b";
        sum += prefix[0] == 'a' ? i : 1000000;
    }
    OMPG_FOR_OPT(group.get(), i, 0, 100, fixed, lastprivate(last))
        last = i;
    OMPG_FOR2(group.get(), i, 0, 10, j, 0U, 10U, reduction(+ : sum) default(none))
        sum += i * static_cast<int>(j);
    check(sum == 4950 + 45 * 45 && last == 99 && prefix == "a", "clauses", threads);
    check(ompg_wait(group.get()) == 0, "no error", threads);
}

template <typename number> void add_up_in_team(ompg_group *group, std::vector<number> &values)
{
    OMPG_FOR_TEAM(group, at, values.begin(), values.end())
        *at += 1;
    ompg_loop_options dynamic{};
    dynamic.schedule = OMPG_DYNAMIC;
    OMPG_FOR_TEAM_OPT(group, i, 0, values.size(), dynamic)
        values[i] += 2;
    OMPG_FOR_TEAM_STEP(group, at, values.begin(), values.end(), 2)
        *at += 4;
    OMPG_FOR2_TEAM(group, i, 0, values.size() / 2, j, 1, 2)
        values[2 * i + static_cast<std::size_t>(j)] += 4;
}

void teams(int threads)
{
    owner group = group_of(threads);
    std::vector<double> values(1000);
#pragma omp parallel num_threads(threads)
    add_up_in_team(group.get(), values);
    bool right = true;
    for (double value : values)
        right &= value == 7.0;
    check(right && ompg_wait(group.get()) == 0, "a team's loops", threads);
}

} // namespace

int main()
{
    for (int threads : {1, 2, 7, 64}) {
        templates<int>(threads);
        templates<double>(threads);
        lambdas_and_objects(threads);
        methods_and_nesting(threads);
        errors(threads);
        stops(threads);
        integers<int>(threads);
        integers<unsigned>(threads);
        integers<long>(threads);
        integers<unsigned long>(threads);
        integers<long long>(threads);
        integers<std::size_t>(threads);
        iterators<hundred>(threads);
        iterators<queue_of_hundred>(threads);
        iterators<std::array<int, 100>>(threads);
        limits(threads);
        clauses(threads);
        teams(threads);
    }
    return failures != 0;
}
