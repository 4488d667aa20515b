/*
 * The search for a fault in a model, whatever the model is: run.sh compiles this once, after model.h, for the
 * numbers of threads that the models have.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef OMPG_TESTS_MODELS_SEARCH_H
#define OMPG_TESTS_MODELS_SEARCH_H

static const model_calls *model_here;
static void *room_here;

/* The model as Relacy knows it, which makes it anew for each schedule. */
template <unsigned threads> struct player : rl::test_suite<player<threads>, threads> {
    player()
    {
        model_here->make(room_here);
    }
    ~player()
    {
        model_here->clear(room_here);
    }
    void before()
    {
        model_here->before(room_here);
    }
    void thread(unsigned index)
    {
        model_here->thread(room_here, index);
    }
    void after()
    {
        model_here->after(room_here);
    }
};

/* As rl::simulate, which would compile two further schedulers: false for a fault, which it finds again for the trace. */
template <unsigned threads>
bool search(rl::test_params &params, const model_calls *calls, void *room)
{
    typedef rl::random_scheduler<threads> scheduler;
    rl::ostringstream state, same_state;
    model_here = calls;
    room_here = room;
    if (rl::run_test<player<threads>, scheduler>(params, state, false) == rl::test_result_success)
        return true;
    params.collect_history = true;
    params.initial_state = state.str();
    rl::run_test<player<threads>, scheduler>(params, same_state, true);
    return false;
}

template <unsigned threads> void fence_on_thread(unsigned thread)
{
    typedef rl::aligned<rl::thread_info<threads>> slot;
    slot *here = static_cast<slot *>(static_cast<rl::thread_info<threads> *>(rl::ctx().threadx_));
    here[(int)thread - (int)thread_here()].atomic_thread_fence_seq_cst(
        rl::ctx().seq_cst_fence_order_);
}

template bool search<3>(rl::test_params &, const model_calls *, void *);
template void fence_on_thread<3>(unsigned);

#endif
