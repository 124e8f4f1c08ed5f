/* Rows: five 64-bit integers for each ended request, appended fast and taken all at once. */

typedef struct {
    PyObject_HEAD
    int64_t *items;
    Py_ssize_t used, room; /* in integers */
} Rows;

static int rows_add(Rows *self, int64_t due, int64_t free, int64_t sent, int64_t done, int64_t code)
{
    if (self->used + ROW_WIDTH > self->room) {
        Py_ssize_t room = self->room ? 2 * self->room : ROW_WIDTH * FIRST_ROWS;
        int64_t *items = PyMem_Resize(self->items, int64_t, room);
        if (items == NULL) {
            PyErr_NoMemory();
            return -1;
        }
        self->items = items;
        self->room = room;
    }
    int64_t *row = self->items + self->used;
    row[0] = due, row[1] = free, row[2] = sent, row[3] = done, row[4] = code;
    self->used += ROW_WIDTH;
    return 0;
}

static PyObject *rows_append(Rows *self, PyObject *row)
{
    PyObject *fast = PySequence_Fast(row, "rows are sequences of integers");
    if (fast == NULL)
        return NULL;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(fast);
    if (count % ROW_WIDTH) {
        Py_DECREF(fast);
        return PyErr_Format(PyExc_ValueError, "%zd integers are no whole rows of %d", count, ROW_WIDTH);
    }
    for (Py_ssize_t at = 0; at < count; at += ROW_WIDTH) {
        int64_t values[ROW_WIDTH];
        for (int column = 0; column < ROW_WIDTH; column++)
            values[column] = PyLong_AsLongLong(PySequence_Fast_GET_ITEM(fast, at + column));
        if (PyErr_Occurred() || rows_add(self, values[0], values[1], values[2], values[3], values[4])) {
            Py_DECREF(fast);
            return NULL;
        }
    }
    Py_DECREF(fast);
    Py_RETURN_NONE;
}

static PyObject *rows_drain(Rows *self, PyObject *unused)
{
    PyObject *bytes = PyBytes_FromStringAndSize((char *)self->items, self->used * (Py_ssize_t)sizeof(int64_t));
    if (bytes != NULL)
        self->used = 0;
    return bytes;
}

static Py_ssize_t rows_length(Rows *self)
{
    return self->used / ROW_WIDTH;
}

static void rows_dealloc(Rows *self)
{
    PyMem_Free(self->items);
    Py_TYPE(self)->tp_free((PyObject *)self);
}

static PyMethodDef rows_methods[] = {
    {"append", (PyCFunction)rows_append, METH_O, "Append whole rows: five integers for each."},
    {"drain", (PyCFunction)rows_drain, METH_NOARGS, "Return all rows as bytes of 64-bit integers, and forget them."},
    {NULL},
};

static PySequenceMethods rows_sequence = {.sq_length = (lenfunc)rows_length};

static PyTypeObject RowsType = {
    PyVarObject_HEAD_INIT(NULL, 0)
    .tp_name = "loadgen.core._kernel.Rows",
    .tp_doc = "Rows of five 64-bit integers, appended fast and taken all at once.",
    .tp_basicsize = sizeof(Rows),
    .tp_flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .tp_new = PyType_GenericNew,
    .tp_dealloc = (destructor)rows_dealloc,
    .tp_methods = rows_methods,
    .tp_as_sequence = &rows_sequence,
};
