/* compute/grid.c - cutting products into pieces and running one. */
#include "compute/grid.h"

#include "compute/parallel.h"

enum {
    ROW_PIECE = 98,           /* seven tiles of 14 rows: their left-hand side stays in the second-level cache */
    PANEL_PIECE = 8,          /* 256 columns */
    ENOUGH_PIECES = 16,       /* below that, narrower pieces keep all threads busy */
    LEAST_WORK = 1 << 18,     /* multiplications in float32: smaller pieces are mostly beginning and end */
    SERIAL_CELLS = 32 * 1024, /* a lone piece's results stay in the second-level cache */
    STEP_BYTES = 1536         /* of one column in a block of k: a panel's block stays in the second-level cache */
};

static int64_t divide_up(int64_t a, int64_t b)
{
    return (a + b - 1) / b;
}

grid grid_plan(precision how, int64_t rows, int64_t panels, int64_t k)
{
    double least = LEAST_WORK * (double)(how == PRECISION_F32 ? 1 : how == PRECISION_BF16 ? 2 : 4);
    double work = (double)rows * (double)panels * PANEL * (double)k;
    grid g = {.rows = rows, .panels = panels};
    if (rows * panels * PANEL <= SERIAL_CELLS && rows * panels * PANEL * k <= SERIAL_WORK) {
        g.row_piece = rows > 0 ? rows : 1;
        g.panel_piece = panels > 0 ? panels : 1;
    } else {
        g.row_piece = divide_up(rows, divide_up(rows, ROW_PIECE));
        g.panel_piece = PANEL_PIECE < panels ? PANEL_PIECE : panels;
        for (;;) {
            int64_t pieces = divide_up(rows, g.row_piece) * divide_up(panels, g.panel_piece);
            if (g.panel_piece == 1 || pieces >= ENOUGH_PIECES || work < 2 * least * (double)pieces)
                break;
            g.panel_piece = divide_up(g.panel_piece, 2);
        }
    }
    g.row_pieces = divide_up(rows, g.row_piece);
    g.panel_pieces = divide_up(panels, g.panel_piece);
    return g;
}

grid grid_plan_blocks(int64_t rows, int64_t panels, int64_t panel_piece)
{
    grid g = {.rows = rows, .panels = panels, .panel_piece = panel_piece};
    g.row_piece = (divide_up(rows, divide_up(rows, ROW_PIECE)) + 15) & ~(int64_t)15;
    g.row_pieces = divide_up(rows, g.row_piece);
    g.panel_pieces = divide_up(panels, g.panel_piece);
    return g;
}

int64_t grid_pieces(const grid *g)
{
    return g->row_pieces * g->panel_pieces;
}

size_t grid_scratch_bytes(const grid *g)
{
    return (size_t)(g->row_piece * g->panel_piece) * PANEL * 4;
}

grid_piece grid_piece_at(const grid *g, int64_t index)
{
    grid_piece p = {.row = index % g->row_pieces * g->row_piece, .panel = index / g->row_pieces * g->panel_piece};
    p.rows = g->rows - p.row < g->row_piece ? g->rows - p.row : g->row_piece;
    p.panels = g->panels - p.panel < g->panel_piece ? g->panels - p.panel : g->panel_piece;
    p.width = p.panels * PANEL;
    return p;
}

/* One panel times all rows of the piece, in tiles of nearly equal height, over steps [from, from + steps). */
static void multiply_panel(
    void *scratch, int64_t rows, int64_t width, const piece_operands *o, const void *panel, int64_t from, int64_t steps)
{
    int64_t tiles = divide_up(rows, o->tiles->rows);
    for (int64_t t = 0; t < tiles; t++) {
        int64_t first = rows * t / tiles, height = rows * (t + 1) / tiles - first;
        void *c = (float *)scratch + first * width;
        switch (o->how) {
        case PRECISION_F32:
            o->tiles->f32((int)height, steps, (const float *)o->left + first * o->left_row + from * o->left_step,
                o->left_row, o->left_step, (const float *)panel + from * PANEL, c, width, from > 0);
            break;
        case PRECISION_BF16:
            o->tiles->bf16((int)height, steps / 2,
                (const uint16_t *)o->left + first * o->left_row + from / 2 * o->left_step, o->left_row, o->left_step,
                (const uint16_t *)panel + from * PANEL, c, width, from > 0);
            break;
        case PRECISION_INT8:
            o->tiles->int8((int)height, steps / 4, (const uint8_t *)o->left + first * o->left_row + from, o->left_row,
                (const int8_t *)panel + from * PANEL, c, width, from > 0);
            break;
        }
    }
}

void multiply_piece(void *scratch, int64_t rows, int64_t panels, int64_t width, const piece_operands *o)
{
    int64_t element = o->how == PRECISION_F32 ? 4 : o->how == PRECISION_BF16 ? 2 : 1;
    int64_t block = STEP_BYTES / element;
    int64_t from = 0;
    do {
        int64_t steps = o->k - from < block ? o->k - from : block;
        for (int64_t p = 0; p < panels; p++)
            multiply_panel((char *)scratch + p * PANEL * 4, rows, width, o,
                (const char *)o->panels + p * o->panel_elements * element, from, steps);
        from += block;
    } while (from < o->k);
}
