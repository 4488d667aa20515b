/*
 * Around the first lines of join.h: the tree's total must be right.
 *
 * SPDX-License-Identifier: Apache-2.0
 */
#include <ompgroup.h>

struct node {
    struct node *left, *right;
    int value, total;
};

//@ snippet

int main(void)
{
    enum { n = 127 };
    static struct node nodes[n];
    for (int i = 0; i < n; i++) {
        nodes[i].value = i;
        if (2 * i + 2 < n) {
            nodes[i].left = &nodes[2 * i + 1];
            nodes[i].right = &nodes[2 * i + 2];
        }
    }
    int code = ompg_run(NULL, sum, &nodes[0], NULL);
    return code != 0 || nodes[0].total != n * (n - 1) / 2;
}
