"""What to write for the names that other libraries use in their layers."""

from .. import errors
from .._registry import normal

_SIZE = "write 'size': {'size': 20}, or just 20"
_DENSE = "a size is a fully connected layer: 20, or (20, 'relu')"
_DROPOUT = ("pass dropout to the training, net.train(..., hidden_dropout=0.5), or dropout={'hid1': 0.5} for one "
            "layer. Or write a separate layer, {'form': 'dropout', 'probability': 0.5}")
_NOISE = ("pass noise to the training, net.train(..., input_noise=0.1), or noise={'hid1': 0.1} for one layer. Or "
          "write a separate layer, {'form': 'noise', 'deviation': 0.1}")
_NORM = ("symloss has no such layer. Use 'norm:z' in an activation, as in (20, 'norm:z+relu'), which normalizes each "
         "item over its units")
_ATTENTION = ("symloss has no attention. A 'bilstm' or 'bigru' reads a sequence both ways, and 'last', 'mean' or "
              "'max' reduce it to one value")
_EMBEDDING = ("write {'form': 'embedding', 'ids': 50000, 'size': 64}, after an input of integers, {'size': 1, 'dtype': "
              "'int32'}")
_PENALTY = "penalties belong to the training: net.train(..., weight_l2=1e-4), or weight_l1, hidden_l1"
_INPUT = "the first entry of the list is the input: [10, 20, 3]"
_INIT = "write 'init', as in {'size': 20, 'init': 'he'}, or init_b for the biases only"
_BOTH = "write {'form': 'bidirectional', 'worker': 'lstm', 'size': 20}, or (20, 'bilstm')"
_SEQUENCES = "a recurrent layer returns all steps. Put {'form': 'last'} after it to get one value per sequence"
_STACKED = "write one entry for each layer: [2, (20, 'lstm'), (20, 'lstm'), 1]"
_ACTIVATION = "write 'activation', as in {'size': 20, 'activation': 'tanh'}, or (20, 'tanh')"
_FUNCTION = "a function is an activation: (20, my_function)"
_ADDED = "a fully connected layer adds up its inputs: {'size': 20, 'inputs': ['hid1', 'hid2']}"

WAYS = {
    _SIZE: "units n_units num_units out_features num_filters hidden_size hidden_units hidden_dim output_dim neurons "
           "width dim n filters nodes",
    _DENSE: "dense fc fully_connected fullyconnected perceptron mlp hidden linear_layer",
    _DROPOUT: "dropout dropout_rate drop_rate recurrent_dropout dropout1d dropout2d spatial_dropout alpha_dropout",
    _NOISE: "gaussian_noise noise",
    _NORM: "batch_norm batchnorm batch_normalization batchnorm1d batchnorm2d bn normalization layer_norm "
           "layer_normalization norm group_norm instance_norm",
    _ATTENTION: "attention self_attention multi_head_attention multiheadattention transformer additive_attention",
    _EMBEDDING: "embed lookup_table input_dim_embedding num_embeddings embedding_dim vocab_size vocabulary_size",
    _PENALTY: "l1 l2 weight_decay regularizer kernel_regularizer bias_regularizer activity_regularizer weight_l2 "
              "weight_l1 hidden_l1",
    _INPUT: "input_shape input_dim input_size in_features batch_input_shape",
    _INIT: "kernel_initializer weight_init initializer bias_initializer weights_init w_init recurrent_initializer",
    _BOTH: "bidirectional_lstm both_directions merge_mode",
    _SEQUENCES: "return_sequences return_state many_to_one",
    _STACKED: "num_layers n_layers layers",
    _ACTIVATION: "act nonlinearity act_fn activation_fn transfer",
    _FUNCTION: "lambda activation",
    "write 'probability', the share of elements that are set to 0": "rate p",
    "write 'deviation', the standard deviation of the noise": "stddev std_dev sigma",
    _ADDED: "add sum residual skip",
    "write 'form', as in {'form': 'lstm', 'size': 20}": "type kind class class_name layer",
    "every layer has biases, initialized with 0. To keep them at 0, pass freeze='*.b' to train": "use_bias bias",
    "write 'rnn'": "simple_rnn elman vanilla_rnn",
    "write 'conv1'": "conv1d convolution1d",
    "write 'conv2'": "conv conv2d convolution convolution2d",
    "write 'pool1'": "maxpool1d max_pooling1d average_pooling1d avgpool1d",
    "write 'pool2'": "pool pooling maxpool max_pooling maxpool2d max_pooling2d average_pooling2d avgpool2d",
    "write 'mean', which leaves padding out": "global_average_pooling1d globalaveragepooling gap",
    "write 'max', which leaves padding out": "global_max_pooling1d globalmaxpooling",
    "every layer works on each step separately, so leave it out": "time_distributed",
    "write 'direction': 'backward'": "go_backwards backwards reverse",
    "write 'border_mode'": "padding pad",
    "write 'filter_size'": "kernel_size kernel",
}
_BY_NAME = {normal(name): way for way, names in WAYS.items() for name in names.split()}


def unknown(kind: str, name, known, aliases=()) -> errors.UnknownNameError:
    """Return the error for an unknown `name`. If other libraries use this name, it says what to write instead.

    >>> str(unknown("layer form", "Dense", []))
    "unknown layer form 'Dense'; a size is a fully connected layer: 20, or (20, 'relu')"
    """
    way = _BY_NAME.get(normal(name)) if isinstance(name, str) else None
    if way is None:
        return errors.unknown(kind, name, known, aliases)
    return errors.UnknownNameError(f"unknown {kind} {name!r}; {way}")
