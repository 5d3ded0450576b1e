/* media/voice_weights.h - made by experiments/voice/voice_gate.py; for voice.c alone. */
static const double voice_weight_constant = -9.8955,
                    voice_weights[] = {-1.4206, 18.457, -4.1537, -1.017, -17.7, 3.4138, -9.7558, 10.397, -4.0371,
                        -1.0526, 0.99032, 4.392};
